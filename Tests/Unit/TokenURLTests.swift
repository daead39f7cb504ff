import MetiToken
import Testing

@Suite struct `A token URL` {
  @Test(arguments: [
    ("https://tenant.example/oauth/token", "https://tenant.example"),
    ("https://tenant.example/oauth/token/", "https://tenant.example"),
    ("https://tenant.example//a/../b/?x=//&y=@:", "https://tenant.example"),
    ("https://tenant.example?x=/y", "https://tenant.example"),
    ("https://tenant.example", "https://tenant.example"),
    ("HTTPS://Tenant.Example:8443/Token", "https://tenant.example:8443"),
    ("http://127.0.0.1:8080/token?a", "http://127.0.0.1:8080"),
    ("https://[2001:DB8::1]/token", "https://[2001:db8::1]"),
  ])
  func `is kept as it was given, and has a server`(_ text: String, _ server: String) throws {
    let url = try TokenURL(text)
    #expect(url.text == text)
    #expect(url.server.text == server)
  }

  @Test(
    arguments: [
      ("", .notHTTPS), ("tenant.example/token", .notHTTPS), ("ftp://tenant.example/", .notHTTPS),
      ("http://tenant.example/token", .notHTTPS), ("http://tenant.example?127.0.0.1", .notHTTPS),
      ("https:/tenant.example/token", .notHTTPS), ("https://", .malformed),
      ("https:///x", .malformed),
      ("https://?x", .malformed), ("https://tenant.example:x/", .malformed),
      ("https://a@tenant.example/", .malformed), ("https://a:b@tenant.example?x", .malformed),
      ("https://tenant.example/#a", .malformed), ("https://tenant.example?x#", .malformed),
      ("https://tenant.example#@other.example/", .malformed),
      ("https://tenant.example/a b", .malformed),
      ("https://tenant.example/?a\nb", .malformed),
      ("https://tenant.example\\@other.example/", .malformed),
      ("https://tenant.example/\u{FC}", .malformed),
    ] as [(String, APIURLError)])
  func `is none if its server could be mistaken`(_ text: String, _ error: APIURLError) {
    #expect(failure { () throws(APIURLError) in _ = try TokenURL(text) } == error)
  }
}
