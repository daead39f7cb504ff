import HelperProtocols
import Testing

@Suite struct EngFlowRequestTests {
  typealias Malformed = EngFlowRequest.Malformed

  static func uri(of text: String) throws(Malformed) -> String {
    String(decoding: try EngFlowRequest(Array(text.utf8).span).uri, as: UTF8.self)
  }

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
    #expect(try Self.uri(of: text) == uri)
  }

  @Test(arguments: [
    ("", Malformed.notAnObject),
    (" \n", .notAnObject),
    (#"["uri"]"#, .notAnObject),
    (#""uri""#, .notAnObject),
    ("null", .notAnObject),
    ("\u{FEFF}{\"uri\":\"x\"}", .notAnObject),
    ("\u{A0}{\"uri\":\"x\"}", .notAnObject),
    ("{}", .missingURI),
    (#"{"a":{"uri":"x"}}"#, .missingURI),
    (#"{"Uri":"x"}"#, .missingURI),
    (#"{"uri\u0000":"x"}"#, .missingURI),
    (#"{"uri":"x","uri":"x"}"#, .duplicateURI),
    (#"{"uri":"x","\u0075ri":"y"}"#, .duplicateURI),
    (#"{"u\u0072i":"x","uri":1}"#, .duplicateURI),
    (#"{"uri":1}"#, .uriIsNotAString),
    (#"{"uri":null}"#, .uriIsNotAString),
    (#"{"uri":["x"]}"#, .uriIsNotAString),
    (#"{"uri":{"uri":"x"}}"#, .uriIsNotAString),
    (#"{"uri":}"#, .uriIsNotAString),
    (#"{"uri":"x"}x"#, .trailingText),
    (#"{"uri":"x"}{}"#, .trailingText),
    (#"{"uri":"x"}}"#, .trailingText),
    ("{\"uri\":\"x\"}\0", .trailingText),
    ("{\"uri\":\"x\"}\u{0B}", .trailingText),
    ("{\"uri\":\"x\"}\u{2028}", .trailingText),
    ("{", .truncated),
    (#"{"uri"#, .truncated),
    (#"{"uri""#, .truncated),
    (#"{"uri":"#, .uriIsNotAString),
    (#"{"uri":"x"#, .truncated),
    (#"{"uri":"x\"#, .truncated),
    (#"{"uri":"x\u00"#, .truncated),
    (#"{"uri":"x""#, .truncated),
    (#"{"uri":"x","#, .truncated),
    (#"{"a":"#, .truncated),
    (#"{"a":[1"#, .truncated),
    (#"{"a":tru"#, .truncated),
    (#"{"a":-"#, .truncated),
    (#"{"uri":"\x"}"#, .badEscape),
    (#"{"uri":"\U0041"}"#, .badEscape),
    (#"{"uri":"\u00g0"}"#, .badEscape),
    (#"{"uri":"\u+041"}"#, .badEscape),
    (#"{"uri":"\ud83d"}"#, .badEscape),
    (#"{"uri":"\ud83dx"}"#, .badEscape),
    (#"{"uri":"\ud83d\n"}"#, .badEscape),
    (#"{"uri":"\ud83d\u0041"}"#, .badEscape),
    (#"{"uri":"\ud83d\ud83d"}"#, .badEscape),
    (#"{"uri":"\ude00"}"#, .badEscape),
    (#"{"\ude00":1,"uri":"x"}"#, .badEscape),
    ("{\"uri\":\"a\nb\"}", .notJSON),
    ("{\"uri\":\"a\tb\"}", .notJSON),
    ("{\"uri\":\"a\0b\"}", .notJSON),
    ("{\"uri\"\u{0B}:\"x\"}", .notJSON),
    (#"{uri:"x"}"#, .notJSON),
    (#"{'uri':'x'}"#, .notJSON),
    (#"{"uri" "x"}"#, .notJSON),
    (#"{"uri":"x",}"#, .notJSON),
    (#"{,"uri":"x"}"#, .notJSON),
    (#"{"uri":"x" "a":1}"#, .notJSON),
    (#"{"a":[1,],"uri":"x"}"#, .notJSON),
    (#"{"a":[1}],"uri":"x"}"#, .notJSON),
    (#"{"a":{],"uri":"x"}"#, .notJSON),
    (#"{"a":01,"uri":"x"}"#, .notJSON),
    (#"{"a":+1,"uri":"x"}"#, .notJSON),
    (#"{"a":1.,"uri":"x"}"#, .notJSON),
    (#"{"a":.1,"uri":"x"}"#, .notJSON),
    (#"{"a":1e,"uri":"x"}"#, .notJSON),
    (#"{"a":0x1,"uri":"x"}"#, .notJSON),
    (#"{"a":NaN,"uri":"x"}"#, .notJSON),
    (#"{"a":True,"uri":"x"}"#, .notJSON),
    (#"{"a":nul,"uri":"x"}"#, .notJSON),
    (#"{"a":truex,"uri":"x"}"#, .notJSON),
    (#"{/**/"uri":"x"}"#, .notJSON),
  ])
  func `anything that is not one JSON object with one uri is refused`(
    text: String, reason: Malformed
  ) {
    #expect(throws: reason) { try Self.uri(of: text) }
  }

  @Test(
    arguments: [
      [0xFF], [0x80], [0xC0, 0xAF], [0xC1, 0xBF], [0xE0, 0x80, 0xAF], [0xED, 0xA0, 0x80],
      [0xF4, 0x90, 0x80, 0x80], [0xF5, 0x80, 0x80, 0x80], [0xE2, 0x82], [0xC3],
    ] as [[UInt8]])
  func `what is no UTF-8 is refused`(bytes: [UInt8]) {
    let text = Array(#"{"uri":""#.utf8) + bytes + Array(#""}"#.utf8)
    #expect(throws: Malformed.invalidUTF8) { try EngFlowRequest(text.span) }
  }

  @Test(arguments: UInt8(0)..<0x20)
  func `a control character in a string must be escaped`(byte: UInt8) {
    let text = Array(#"{"uri":""#.utf8) + [byte] + Array(#""}"#.utf8)
    #expect(throws: Malformed.notJSON) { try EngFlowRequest(text.span) }
  }

  @Test func `nesting is followed to the 64th level`() throws {
    func nested(_ levels: Int, _ open: String, _ close: String) -> String {
      // The outermost object is a level too.
      let inner =
        String(repeating: open, count: levels - 1) + String(repeating: close, count: levels - 1)
      return "{\"a\":\(inner),\"uri\":\"x\"}"
    }
    #expect(try Self.uri(of: nested(64, "[", "]")) == "x")
    #expect(throws: Malformed.tooDeep) { try Self.uri(of: nested(65, "[", "]")) }
    #expect(throws: Malformed.tooDeep) { try Self.uri(of: nested(100_000, "[", "]")) }
    let deep = String(repeating: "{\"a\":", count: 64) + "{}" + String(repeating: "}", count: 64)
    #expect(throws: Malformed.tooDeep) { try Self.uri(of: deep) }
  }

  @Test func `a request has at most 1 MiB`() throws {
    let frame = #"{"uri":"x"}"#
    let padding = String(repeating: " ", count: 1_048_576 - frame.utf8.count)
    #expect(try Self.uri(of: frame + padding) == "x")
    #expect(throws: Malformed.tooLarge) { try Self.uri(of: frame + padding + " ") }
  }

  @Test func `no reason for a refusal shows any of the input`() {
    #expect(
      Malformed.allCases.map(\.description) == [
        "the credential request is too large",
        "the credential request is not UTF-8",
        "the credential request is not a JSON object",
        "the credential request is not JSON",
        "the credential request ends too early",
        "the credential request is nested too deep",
        "the credential request has a bad escape in a string",
        "the credential request has text after its object",
        "the credential request has no uri",
        "the credential request has more than one uri",
        "the uri of the credential request is not a string",
      ])
  }
}
