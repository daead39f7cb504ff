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

  private static let client = [
    "METI_CLIENT_ID": "c", "METI_CLIENT_SECRET": "s", "METI_TOKEN_URL": "https://a/t",
    "METI_AUDIENCE": "b", "METI_SCOPE": "read",
  ]

  private func variant(_ change: [String: String], of name: String? = "c") -> String {
    environment(Self.client.merging(change) { $1 })
      .variant(of: AccountSelector(api: .standard, name: name)).text
  }

  @Test func `tells a client's tokens apart by all that it asks for`() {
    let variants = [
      [:], ["METI_SCOPE": ""], ["METI_SCOPE": "read delete"], ["METI_AUDIENCE": "c"],
      ["METI_TOKEN_URL": "https://a/u"], ["METI_AUDIENCE": "bread", "METI_SCOPE": ""],
    ].map { variant($0) }
    #expect(Set(variants).count == variants.count)
    #expect(variants.allSatisfy { $0.utf8.count == 16 && $0.utf8.allSatisfy { $0 > 0x20 } })
    // Programs of two versions mean the same keys.
    #expect(variants[0] == "bdba01757ef14edd")
  }

  @Test func `tells nothing of a client's secret`() {
    #expect(variant(["METI_CLIENT_SECRET": "t"]) == variant([:]))
    #expect(
      variant(["METI_CLIENT_SECRET": "", "METI_CLIENT_SECRET_FILE": "/f"]) == variant([:]))
    #expect(variant(["METI_CLIENT_SECRET": "", "CREDENTIALS_DIRECTORY": "/d"]) == variant([:]))
  }

  @Test func `tells nobody else's tokens apart`() {
    #expect(variant([:], of: "other") == "")
    #expect(variant([:], of: nil) == "")
    // These come from elsewhere.
    #expect(variant(["METI_CLIENT_SECRET": ""]) == "")
    #expect(variant(["METI_EMAIL": "c"]) == "")
    #expect(variant(["METI_CLIENT_ID": ""], of: "") == "")
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
