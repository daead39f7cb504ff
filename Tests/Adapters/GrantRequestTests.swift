import MetiToken
import Testing

@testable import TokenEndpoint

@Suite struct `A request` {
  static let api = APIURL.standard

  @Test func `with a password goes to the API's own endpoint`() throws {
    let request = GrantRequest(
      for: Credential(
        account: try Account(name: "name@domain.com", api: Self.api),
        secret: Secret(copying: "correct horse")))
    #expect(request.url == "https://api.meti.millpont.com/token")
    #expect(request.server == Self.api)
    #expect(text(request.body) == #"{"email":"name@domain.com","password":"correct horse"}"#)
  }

  @Test func `keeps the base path of the API`() throws {
    let request = GrantRequest(
      for: Credential(
        account: try Account(name: "a@b.c", api: try APIURL("https://proxy.example:8443/meti/")),
        secret: Secret(copying: "x")))
    #expect(request.url == "https://proxy.example:8443/meti/token")
  }

  @Test(
    arguments: [
      (nil, ""), ("read:sources write:sources", #","scope":"read:sources write:sources""#),
    ] as [(String?, String)])
  func `with client credentials goes to the token URL`(_ scope: String?, _ end: String) throws {
    let tokenURL = try TokenURL("https://tenant.auth0.example/oauth/token/?a=b&c")
    let request = GrantRequest(
      for: Credential(
        account: try Account(name: "client", api: Self.api),
        grant: .clientCredentials(
          tokenURL: tokenURL, audience: "https://api.meti.millpont.com", scope: scope),
        secret: Secret(copying: "s3cret")))
    #expect(request.url == "https://tenant.auth0.example/oauth/token/?a=b&c")
    #expect(request.server == (try APIURL("https://tenant.auth0.example")))
    let begin =
      #"{"grant_type":"client_credentials","client_id":"client","client_secret":"s3cret","#
      + #""audience":"https://api.meti.millpont.com""#
    #expect(text(request.body) == begin + end + "}")
  }
}

@Suite struct `JSON text` {
  @Test(arguments: [
    ("", ""), ("a\"b", #"a\u0022b"#), (#"a\b"#, #"a\u005cb"#),
    ("\u{0}\u{1}\u{1F}", #"\u0000\u0001\u001f"#),
    ("\t\n\r", #"\u0009\u000a\u000d"#), ("a/b", "a/b"), ("ü€😀", "ü€😀"),
  ])
  func `escapes what must be escaped and nothing else`(_ value: String, _ escaped: String) {
    var open = JSONObject()
    var secret = JSONObject()
    open.add("key", value)
    secret.add("key", secret: Secret(copying: value))
    #expect(text(open.finish()) == "{\"key\":\"\(escaped)\"}")
    #expect(text(secret.finish()) == "{\"key\":\"\(escaped)\"}")
  }

  @Test(arguments: [
    ("\u{7F}", #"\u007f"#), ("\u{85}", #"\u0085"#), ("\u{202E}abc", #"\u202eabc"#),
  ])
  func `escapes terminal controls`(_ value: String, _ escaped: String) {
    var object = JSONObject()
    object.add("key", value)
    #expect(text(object.finish()) == "{\"key\":\"\(escaped)\"}")
  }

  @Test func `of nothing is an empty object`() {
    let object = JSONObject()
    #expect(text(object.finish()) == "{}")
  }
}
