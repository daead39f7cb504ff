import Testing

@testable import MetiToken

@Suite struct `A password` {
  @Test(arguments: [
    "x", " ", "correct horse battery staple", "pässwörd 😀", "a=b", "\t", "\u{1B}",
    String(repeating: "x", count: 8192),
  ])
  func `is any text on one line`(_ password: String) {
    #expect(Secret(copying: password).withBytes { Credential.isLegalSecret($0) })
  }

  @Test(arguments: [
    "", "a\nb", "a\r", "a\u{0}b", "\n", String(repeating: "x", count: 8193),
    String(repeating: "é", count: 4097),
  ])
  func `is nothing that a keyring cuts or rejects`(_ password: String) {
    #expect(!Secret(copying: password).withBytes { Credential.isLegalSecret($0) })
  }

  @Test(arguments: [[0xFF], [0x61, 0xC3], [0xC0, 0xAF], [0xED, 0xA0, 0x80]] as [[UInt8]])
  func `is UTF-8`(_ bytes: [UInt8]) {
    var secret = Secret()
    for byte in bytes { secret.append(byte) }
    let isLegal = secret.withBytes { Credential.isLegalSecret($0) }
    #expect(!isLegal)
  }
}

@Suite struct `A stored credential` {
  private static let client = """
    s3cret
    grant=client_credentials
    token_url=https://tenant.auth0.example/oauth/token
    audience=https://api.meti.millpont.com
    scope=read:sources

    """

  private func read(_ body: String) -> String? {
    guard let credential = Credential(stored: Secret(copying: body), account: .anna) else {
      return nil
    }
    return text(credential.stored())
  }

  @Test func `of a user is the password and its grant`() {
    #expect(text(Credential.password("pä55").stored()) == "pä55\ngrant=password\n")
  }

  @Test func `of a client says where its tokens come from`() throws {
    let credential = Credential(
      account: .anna,
      grant: .clientCredentials(
        tokenURL: try TokenURL("https://tenant.auth0.example/oauth/token"),
        audience: "https://api.meti.millpont.com", scope: "read:sources"),
      secret: Secret(copying: "s3cret"))
    #expect(text(credential.stored()) == Self.client)
  }

  @Test(arguments: [
    "pä55\ngrant=password\n", "x\ngrant=password\nrejected_on=1767268800\n",
    "x\ngrant=password\nrejected_on=1767268800\nrejections=3\n", Self.client,
    Self.client.replacing("scope=read:sources\n", with: ""),
    Self.client.replacing("oauth/token", with: "oauth/token/?a=b&c="),
  ])
  func `comes back whole`(_ body: String) {
    #expect(read(body) == body)
  }

  @Test func `without a grant is a user's`() {
    #expect(read("x\n") == "x\ngrant=password\n")
  }

  @Test func `may have more fields than we know`() {
    #expect(read("x\nnote=1\ngrant=password\nnote\n") == "x\ngrant=password\n")
  }

  @Test(arguments: [
    "", "\n", "\ngrant=password\n", "x\ngrant=implicit\n", "x\ngrant=\n", "a\rb\ngrant=password\n",
    Self.client.replacing("token_url", with: "x"), Self.client.replacing("audience", with: "x"),
    Self.client.replacing("https://tenant", with: "http://tenant"),
  ])
  func `that is damaged is none`(_ body: String) {
    #expect(read(body) == nil)
  }

  @Test(arguments: [
    (Rejection(on: 7), "rejected_on=7\n"),
    (Rejection(on: 7, ambiguousCount: 2), "rejected_on=7\nrejections=2\n"),
  ])
  func `that METI rejected says so`(_ rejection: Rejection, _ lines: String) {
    let credential = Credential.password("x").rejected(rejection)
    #expect(credential.rejection == rejection)
    #expect(text(credential.stored()) == "x\ngrant=password\n" + lines)
    let again = Credential(stored: credential.stored(), account: .anna)?.rejection
    #expect(again == rejection)
  }

  @Test func `that METI rejected keeps its grant`() throws {
    let body = Secret(copying: Self.client)
    let rejected = Credential(stored: body, account: .anna)?.rejected(Rejection(on: 7)).stored()
    let written = rejected?.withBytes { text(Secret(copying: $0)) }
    #expect(written == Self.client + "rejected_on=7\n")
  }
}
