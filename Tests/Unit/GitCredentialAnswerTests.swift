import MetiToken
import Testing

@Suite struct GitCredentialAnswerTests {
  @Test func `quit and capability are fixed words`() {
    #expect(GitCredentialAnswer.quit == "quit=1\n")
    #expect(GitCredentialAnswer.capabilities == "version 0\ncapability authtype\n")
  }

  private static func answer(
    _ token: String, of account: String = "me", at expiry: Int64 = 1, to request: String
  ) throws -> String? {
    let token = Token.ending(token, of: account, at: expiry)
    let request = try GitCredentialRequest(request)
    return GitCredentialAnswer.get(token, for: request, at: noon)?.withBytes { $0.text }
  }

  /// Asks for the password form, and for the bearer form.
  static let forms = ["", "capability[]=authtype\n"]

  @Test(arguments: forms, ["", "a\nb", "a\rb", "a\0b", "\n", "a\r\n", "a b", "a=b"])
  func `a token that would be read as something else is not written`(
    form: String, token: String
  ) throws {
    #expect(try Self.answer(token, to: form) == nil)
  }

  @Test(arguments: ["a\nb", "a\rb", "a\0b", "\n", "a\r\n"])
  func `a username that would become another attribute is not written`(name: String) throws {
    #expect(try Self.answer("t", of: name, to: "") == nil)
  }

  @Test(arguments: forms)
  func `the longest token fits into a line, and a longer one is not written`(form: String) throws {
    let longest = String(repeating: "t", count: Token.longest)
    #expect(try Self.answer(longest, to: form)?.contains("=\(longest)\n") == true)
    #expect(try Self.answer(longest + "t", to: form) == nil)
  }

  @Test(arguments: forms)
  func `a time before 1970 is not written`(form: String) throws {
    #expect(try Self.answer("t", at: 0, to: form) != nil)
    #expect(try Self.answer("t", at: -1, to: form) == nil)
  }
}
