import MetiToken
import Testing

@Suite struct `An account` {
  @Test(arguments: [
    "name@domain.com", "a", "client_id-7|x", "jürgen@bücher.example", "a#b", "a=b",
    String(repeating: "a", count: 254),
  ])
  func `has a name without spaces`(_ name: String) throws {
    #expect(try Account(name: name, api: .standard).name == name)
  }

  @Test func `is not nameless`() {
    #expect(isRefused(""))
  }

  @Test(arguments: [String(repeating: "a", count: 255), String(repeating: "é", count: 128)])
  func `has a name of at most 254 bytes`(_ name: String) {
    #expect(isRefused(name))
  }

  @Test(arguments: ["a b", " a", "a\n", "a\r", "a\u{0}b", "a\tb", "a\u{7F}", "\u{1B}[2J"])
  func `has no control characters in its name`(_ name: String) {
    #expect(isRefused(name))
  }

  @Test func `is compared byte for byte`() {
    #expect(Account.named("é@b.c") == Account.named("é@b.c"))
    #expect(Account.named("\u{E9}@b.c") != Account.named("e\u{301}@b.c"))
    #expect(Account.named("A@b.c") != Account.named("a@b.c"))
  }

  @Test func `of another API is another account`() throws {
    let other = try APIURL("https://other.example")
    #expect(Account.anna != Account.named("anna@domain.com", at: other))
  }

  private func isRefused(_ name: String) -> Bool {
    (try? Account(name: name, api: .standard)) == nil
  }
}

@Suite struct `The description of an account` {
  @Test func `is the API and the name`() {
    #expect(
      Account.anna.description == "meti-token:https://api.meti.millpont.com#anna@domain.com")
  }

  @Test func `has the normalised API`() throws {
    let api = try APIURL("HTTPS://Proxy.example:8443/meti/")
    #expect(
      Account.named("a", at: api).description == "meti-token:https://proxy.example:8443/meti#a")
  }

  @Test func `is never the same for two accounts`() throws {
    // The first # ends the API, because no API URL has one.
    #expect(throws: APIURLError.malformed) { try APIURL("https://a.example/x#y") }
    let descriptions = ["a", "a#b", "#", "#a"].map { Account.named($0).description }
    #expect(Set(descriptions).count == descriptions.count)
  }
}
