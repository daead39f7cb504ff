import MetiToken
import Testing

@Suite struct `A character at a terminal` {
  @Test(
    arguments: [
      "\u{0}", "\u{1b}", "\n", "\u{7f}", "\u{9b}", "\u{200b}", "\u{202e}", "\u{2066}", "\u{2028}",
      "\u{2029}", "\u{feff}", "\u{378}", "\u{e0001}",
    ] as [Unicode.Scalar])
  func `does more than show`(scalar: Unicode.Scalar) {
    #expect(scalar.isTerminalControl)
  }

  @Test(arguments: ["a", " ", "@", "é", "ß", "語", "\u{301}", "🌾", "\u{e000}"] as [Unicode.Scalar])
  func `only shows`(scalar: Unicode.Scalar) {
    #expect(!scalar.isTerminalControl)
  }

  @Test func `is replaced in a text if it does more`() {
    #expect("a\u{9B}2J\u{202E}\r\nb".escapedForTerminal() == "a?2J???b")
    #expect("jürgen\u{301}🌾".escapedForTerminal(" ") == "jürgen\u{301}🌾")
    #expect("\u{1B}[0m".escapedForTerminal(" ") == " [0m")
  }
}
