import MetiToken
import Testing

@Suite struct EngFlowTests {
  @Test(arguments: [
    (#"{"uri":"https://a/"}"#, "https://a/"),
    (" \t\r\n{ \"uri\" : \"https://a/\" } \n", "https://a/"),
    (#"{"\u0075r\u0069":"https:\/\/a\u002F"}"#, "https://a/"),
    (#"{"uri":"\"\\\/\b\f\n\r\t\u0000é"}"#, "\"\\/\u{8}\u{C}\n\r\t\0\u{E9}"),
    (#"{"uri":"\u00e9\u20AC\ud83d\uDE00"}"#, "\u{E9}\u{20AC}\u{1F600}"),
    (#"{"uri":""}"#, ""),
    ("{\"uri\":\"\u{7F}\u{85}\u{2028}\"}", "\u{7F}\u{85}\u{2028}"),
    (#"{"a":{"uri":1,"uri":[2]},"uri":"x","b":[{"uri":"y"}]}"#, "x"),
    (#"{"a":1,"a":2,"URI":3,"":4,"uri":"x"}"#, "x"),
    (#"{"a":[0,-0,10,1.50,-1e5,1E+05,0.1e-2,true,false,null,"",[],{}],"uri":"x"}"#, "x"),
  ])
  func `the uri is read and every other member ignored`(text: String, uri: String) throws {
    #expect(try EngFlow.uri(text: text) == uri)
  }

  @Test(arguments: [
    "",
    " \n",
    #"["uri"]"#,
    #""uri""#,
    "null",
    "\u{FEFF}{\"uri\":\"x\"}",
    "\u{A0}{\"uri\":\"x\"}",
    "{}",
    #"{"a":{"uri":"x"}}"#,
    #"{"Uri":"x"}"#,
    #"{"uri\u0000":"x"}"#,
    #"{"uri":"x","uri":"x"}"#,
    #"{"uri":"x","\u0075ri":"y"}"#,
    #"{"u\u0072i":"x","uri":1}"#,
    #"{"uri":1}"#,
    #"{"uri":null}"#,
    #"{"uri":["x"]}"#,
    #"{"uri":{"uri":"x"}}"#,
    #"{"uri":}"#,
    #"{"uri":"x"}x"#,
    #"{"uri":"x"}{}"#,
    #"{"uri":"x"}}"#,
    "{\"uri\":\"x\"}\0",
    "{\"uri\":\"x\"}\u{0B}",
    "{\"uri\":\"x\"}\u{2028}",
    "{",
    #"{"uri"#,
    #"{"uri""#,
    #"{"uri":"#,
    #"{"uri":"x"#,
    #"{"uri":"x\"#,
    #"{"uri":"x\u00"#,
    #"{"uri":"x""#,
    #"{"uri":"x","#,
    #"{"a":"#,
    #"{"a":[1"#,
    #"{"a":tru"#,
    #"{"a":-"#,
    #"{"uri":"\x"}"#,
    #"{"uri":"\U0041"}"#,
    #"{"uri":"\u00g0"}"#,
    #"{"uri":"\u+041"}"#,
    #"{"uri":"\ud83d"}"#,
    #"{"uri":"\ud83dx"}"#,
    #"{"uri":"\ud83d\n"}"#,
    #"{"uri":"\ud83d\u0041"}"#,
    #"{"uri":"\ud83d\ud83d"}"#,
    #"{"uri":"\ude00"}"#,
    #"{"\ude00":1,"uri":"x"}"#,
    "{\"uri\":\"a\nb\"}",
    "{\"uri\":\"a\tb\"}",
    "{\"uri\":\"a\0b\"}",
    "{\"uri\"\u{0B}:\"x\"}",
    #"{uri:"x"}"#,
    #"{'uri':'x'}"#,
    #"{"uri" "x"}"#,
    #"{,"uri":"x"}"#,
    #"{"uri":"x" "a":1}"#,
    #"{"a":[1}],"uri":"x"}"#,
    #"{"a":{],"uri":"x"}"#,
    #"{"a":+1,"uri":"x"}"#,
    #"{"a":.1,"uri":"x"}"#,
    #"{"a":0x1,"uri":"x"}"#,
    #"{"a":NaN,"uri":"x"}"#,
    #"{"a":True,"uri":"x"}"#,
    #"{"a":nul,"uri":"x"}"#,
    #"{"a":truex,"uri":"x"}"#,
    #"{/**/"uri":"x"}"#,
  ])
  func `anything that is not one JSON object with one uri is refused`(text: String) {
    #expect(throws: MalformedRequest.notJSON) { try EngFlow.uri(text: text) }
  }

  @Test(
    arguments: [
      [0xFF], [0x80], [0xC0, 0xAF], [0xC1, 0xBF], [0xE0, 0x80, 0xAF], [0xED, 0xA0, 0x80],
      [0xF4, 0x90, 0x80, 0x80], [0xF5, 0x80, 0x80, 0x80], [0xE2, 0x82], [0xC3],
    ] as [[UInt8]])
  func `what is no UTF-8 is refused`(bytes: [UInt8]) {
    let text = Array(#"{"uri":""#.utf8) + bytes + Array(#""}"#.utf8)
    #expect(throws: MalformedRequest.notJSON) { try EngFlow.uri(bytes: text) }
  }

  @Test(arguments: UInt8(0)..<0x20)
  func `a control character in a string must be escaped`(byte: UInt8) {
    let text = Array(#"{"uri":""#.utf8) + [byte] + Array(#""}"#.utf8)
    #expect(throws: MalformedRequest.notJSON) { try EngFlow.uri(bytes: text) }
  }

  @Test(arguments: [("[", "]"), ("{\"a\":", "}")])
  func `deep nesting is refused`(open: String, close: String) {
    let inner = String(repeating: open, count: 100_000) + "1"
    let text = "{\"a\":\(inner)\(String(repeating: close, count: 100_000)),\"uri\":\"x\"}"
    #expect(throws: MalformedRequest.notJSON) { try EngFlow.uri(text: text) }
  }

  @Test func `UTF-16 is refused`() {
    let text = #"{"uri":"x"}"#.utf16.flatMap { [UInt8($0 & 0xFF), UInt8($0 >> 8)] }
    #expect(throws: MalformedRequest.notJSON) { try EngFlow.uri(bytes: text) }
  }

  @Test func `a request has at most 1 MiB`() throws {
    let frame = #"{"uri":"x"}"#
    let padding = String(repeating: " ", count: 1_048_576 - frame.utf8.count)
    #expect(try EngFlow.uri(text: frame + padding) == "x")
    #expect(throws: MalformedRequest.tooLong) { try EngFlow.uri(text: frame + padding + " ") }
  }

  static let expiry: Int64 = 1_795_453_200

  private static func answer(_ token: String, expiry: Int64 = expiry) -> String? {
    let token = Token.ending(token, at: expiry)
    return EngFlow.answer(token, at: noon)?.withBytes { $0.text }
  }

  @Test func `the answer is one header and the time at which the token ends`() {
    #expect(
      Self.answer("ey.J9-_~+/x==")
        == #"{"headers":{"Authorization":["Bearer ey.J9-_~+/x=="]},"expires":"2026-11-23T17:00:00Z"}"#
    )
  }

  @Test(arguments: [
    "", "a\"b", "a\\b", "a b", "\u{E9}", "a=b", "=", "a,b", "a\u{7F}", "a\nb", "a\rb", "a\0b",
  ])
  func `a token that would need an escape is not written`(token: String) {
    #expect(Self.answer(token) == nil)
  }

  @Test func `a time that RFC 3339 cannot write is not written`() {
    #expect(Self.answer("t", expiry: 253_402_300_799) != nil)
    #expect(Self.answer("t", expiry: 253_402_300_800) == nil)
  }
}

extension EngFlow {
  static func uri(bytes: [UInt8]) throws(MalformedRequest) -> String {
    try Secret(bytes: bytes).withBytes { bytes throws(MalformedRequest) in try uri(of: bytes) }
  }

  static func uri(text: String) throws(MalformedRequest) -> String {
    try uri(bytes: Array(text.utf8))
  }
}

extension Token {
  /// A token that ends at this second by the wall clock.
  static func ending(_ text: String, of account: String = "name@domain.com", at epoch: Int64)
    -> Token
  {
    Token(
      secret: Secret(copying: text), account: account,
      expiry: Moment(wall: epoch * 1000, boot: 0, bootID: "another boot"), lifetime: 3600)
  }
}
