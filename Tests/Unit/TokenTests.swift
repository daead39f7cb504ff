import MetiToken
import Testing

@Suite struct `A token's text` {
  @Test(arguments: [
    "a", "0", "abc.def-ghi_jkl", "~+/", "a=", "a==========", "-", "...",
    "eyJhbGciOiJIUzI1NiJ9.e30.c2ln",
    String(repeating: "x", count: 16384), String(repeating: "x", count: 16000) + "====",
  ])
  func `is what may follow Bearer`(_ token: String) {
    #expect(isLegal(token))
  }

  @Test(arguments: [
    "", "=", "===", "=a", "a=b", "a b", " a", "a ", "a\n", "a\r", "\na", "a\u{0}", "a\u{7F}", "a,b",
    "a;b",
    "a\"", "a:b", "a%20", "é", "ａ", "a\r\nX-Evil: 1", "a\u{200B}",
    String(repeating: "x", count: 16385), String(repeating: "x", count: 16384) + "=",
  ])
  func `is nothing else`(_ token: String) {
    #expect(!isLegal(token))
  }

  private func isLegal(_ token: String) -> Bool {
    Secret(copying: token).withBytes { Token.isLegal($0) }
  }
}

@Suite struct `A token` {
  @Test(arguments: [(false, "abc\n"), (true, "Authorization: Bearer abc\n")])
  func `is printed on one line`(_ asHeader: Bool, _ line: String) {
    #expect(text(Token.issued("abc").line(asHeader: asHeader)) == line)
  }

  @Test func `duplicated is the same`() {
    var token = Token.issued("abc", to: .ben, lifetime: 30)
    token.refreshFrom += 7
    let duplicate = token.duplicate()
    #expect(text(duplicate.stored()) == text(token.stored()))
    #expect(duplicate.refreshFrom == noon.boot + 22_507)
  }
}
