import HelperProtocols
import Testing

@Suite struct AnswerTests {
  @Test func `quit and capability are fixed words`() {
    #expect(GitCredentialAnswer.quit == Array("quit=1\n".utf8))
    #expect(GitCredentialAnswer.capabilities == Array("version 0\ncapability authtype\n".utf8))
  }

  @Test(arguments: ["a\nb", "a\rb", "a\0b", "\n", "a\r\n"])
  func `a value that would become another attribute is not written`(value: String) {
    #expect(throws: UnwritableValue.lineBreakOrNUL) {
      try GitCredentialAnswer.bearer(token: value.utf8.span, expiry: 1)
    }
    #expect(throws: UnwritableValue.lineBreakOrNUL) {
      try GitCredentialAnswer.password(value.utf8.span, username: "me".utf8.span, expiry: 1)
    }
    #expect(throws: UnwritableValue.lineBreakOrNUL) {
      try GitCredentialAnswer.password("t".utf8.span, username: value.utf8.span, expiry: 1)
    }
    #expect(throws: UnwritableValue.notABearerToken) {
      try EngFlowAnswer.get(token: value.utf8.span, expiry: 1)
    }
  }

  @Test func `a line that git would misread is not written`() throws {
    let fits = String(repeating: "t", count: 65_523)
    let line = "credential=\(fits)\n"
    #expect(line.utf8.count == 65_535)
    let answer = try GitCredentialAnswer.bearer(token: fits.utf8.span, expiry: 1)
    #expect(String(decoding: answer, as: UTF8.self).contains(line))
    #expect(throws: UnwritableValue.lineTooLong) {
      try GitCredentialAnswer.bearer(token: (fits + "t").utf8.span, expiry: 1)
    }
  }

  @Test func `there is no answer without a token or with a time before 1970`() {
    #expect(throws: UnwritableValue.emptyToken) {
      try GitCredentialAnswer.bearer(token: "".utf8.span, expiry: 1)
    }
    #expect(throws: UnwritableValue.emptyToken) {
      try GitCredentialAnswer.password("".utf8.span, username: "me".utf8.span, expiry: 1)
    }
    #expect(throws: UnwritableValue.emptyToken) {
      try EngFlowAnswer.get(token: "".utf8.span, expiry: 1)
    }
    #expect(throws: UnwritableValue.expiryOutOfRange) {
      try GitCredentialAnswer.bearer(token: "t".utf8.span, expiry: -1)
    }
    #expect(throws: UnwritableValue.expiryOutOfRange) {
      try EngFlowAnswer.get(token: "t".utf8.span, expiry: 253_402_300_800)
    }
  }

  @Test func `the EngFlow answer is one header and the time it runs out`() throws {
    let answer = try EngFlowAnswer.get(token: "ey.J9-_~+/x==".utf8.span, expiry: 1_795_453_200)
    #expect(
      String(decoding: answer, as: UTF8.self)
        == #"{"headers":{"Authorization":["Bearer ey.J9-_~+/x=="]},"expires":"2026-11-23T17:00:00Z"}"#
    )
  }

  @Test(arguments: ["a\"b", "a\\b", "a b", "\u{E9}", "a=b", "=", "a,b", "a\u{7F}"])
  func `a token that would need an escape is no bearer token`(token: String) {
    #expect(throws: UnwritableValue.notABearerToken) {
      try EngFlowAnswer.get(token: token.utf8.span, expiry: 1)
    }
  }

  @Test func `no reason for a refusal shows the value`() {
    #expect(
      UnwritableValue.allCases.map(\.description) == [
        "a value of the answer has a line break or a NUL byte",
        "a line of the answer is too long",
        "the token is empty",
        "the token is not a bearer token",
        "the expiry is out of range",
      ])
  }
}
