import MetiToken
import Testing

@Suite struct `The environment of a call` {
  private func environment(_ variables: [String: String]) -> CallEnvironment {
    CallEnvironment { variables[$0] }
  }

  @Test func `that says nothing means the default account of METI`() throws {
    #expect(try environment([:]).selector() == AccountSelector(api: .standard, name: nil))
  }

  @Test func `that is all empty says nothing`() throws {
    let empty = [
      "METI_API_URL": "", "METI_ACCOUNT": "", "METI_EMAIL": "", "METI_CLIENT_ID": "",
      "METI_TOKEN_CACHE": "",
    ]
    #expect(try environment(empty).selector() == AccountSelector(api: .standard, name: nil))
    #expect(environment(empty).usesKernelTier)
  }

  @Test func `names the API`() throws {
    #expect(
      try environment(["METI_API_URL": "https://Other.example/"]).selector()
        == AccountSelector(api: try APIURL("https://other.example"), name: nil))
  }

  @Test(arguments: ["http://other.example", "other.example", "https://", "https://a@b"])
  func `with an API URL that is none means no account`(_ url: String) {
    #expect(throws: APIURLError.self) { try environment(["METI_API_URL": url]).selector() }
  }

  @Test(arguments: [
    (["METI_ACCOUNT": "a"], "a"), (["METI_EMAIL": "b"], "b"), (["METI_CLIENT_ID": "c"], "c"),
    (["METI_ACCOUNT": "a", "METI_EMAIL": "b", "METI_CLIENT_ID": "c"], "a"),
    (["METI_EMAIL": "b", "METI_CLIENT_ID": "c"], "b"),
    (["METI_ACCOUNT": "", "METI_EMAIL": "b"], "b"),
  ])
  func `names the account, before e-mail and client`(_ set: [String: String], _ name: String) throws
  {
    #expect(try environment(set).selector().name == name)
  }

  @Test(
    arguments: [
      (nil, true), ("kernel", true), ("keyring", false), ("KERNEL", false), ("off", false),
      ("kernel ", false),
    ] as [(String?, Bool)])
  func `uses the kernel tier only when it is sure to be wanted`(_ word: String?, _ isUsed: Bool) {
    #expect(environment(word.map { ["METI_TOKEN_CACHE": $0] } ?? [:]).usesKernelTier == isUsed)
  }
}

@Suite struct `What is printed` {
  @Test func `is the token and a newline`() {
    #expect(text(Token.issued("abc").line(asHeader: false)) == "abc\n")
  }

  @Test func `is the header and a newline`() {
    #expect(text(Token.issued("abc").line(asHeader: true)) == "Authorization: Bearer abc\n")
  }
}
