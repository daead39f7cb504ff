import MetiToken
import Testing

@Suite struct HelperRequestTests {
  private struct Outcome: Equatable {
    var isEngFlow: Bool
    var isComplete: Bool
  }

  /// What is known of `text`, however it is cut.
  private static func outcome(_ text: String, piece size: Int = .max) -> Outcome {
    var request = HelperRequest()
    var rest = Array(text.utf8)[...]
    while !rest.isEmpty {
      Secret(bytes: Array(rest.prefix(size))).withBytes { request.append($0) }
      rest = rest.dropFirst(size)
    }
    return Outcome(isEngFlow: request.isEngFlow, isComplete: request.isComplete)
  }

  @Test(arguments: [
    ("", false), ("host=a\n", false), ("host=a\n\n", true), ("host=a\r\n\r\n", true),
    ("host=a\n\r\r\n", false), ("host=a\n\nhost=b\n", true), ("host=\r\n", false),
    (" \n", false), (" \nh", false), ("\n", true), ("\nh", true), ("\u{FEFF}{}", false),
    ("[]", false),
  ])
  func `of git's form ends with a blank line`(text: String, isComplete: Bool) {
    for size in 1...max(text.utf8.count, 1) {
      #expect(
        Self.outcome(text, piece: size) == Outcome(isEngFlow: false, isComplete: isComplete))
    }
  }

  @Test(arguments: [
    ("{}", true), (" \r\n\n\t{\"uri\":\"a\"}", true), (#"{"uri":"a""#, false),
    (#"{"a":{"b":[1]}}"#, true), (#"{"a":{"b":[1]}"#, false), (#"{"}":""#, false),
    (#"{"\"}"#, false), (#"{"\\"}"#, true), ("{\n\n\n", false), ("{} x", true),
    (#"{"uri":1}"#, true), (#"{"uri":"a","uri":"b"}"#, true), ("{]", true),
  ])
  func `of EngFlow's form ends with the bracket that closes it, legal or not`(
    text: String, isComplete: Bool
  ) {
    for size in 1...text.utf8.count {
      #expect(Self.outcome(text, piece: size) == Outcome(isEngFlow: true, isComplete: isComplete))
    }
  }

  @Test func `that never ends is given up, and refused by the parsers`() {
    let line = String(repeating: "a", count: 65_535)
    #expect(!Self.outcome(line).isComplete)
    for line in [line + "a", line + "\n"] {
      #expect(Self.outcome(line).isComplete)
      #expect(throws: MalformedRequest.tooLong) { try RequestText(line) }
    }
    let lines = String(repeating: "key=value value\n", count: 65_536)
    #expect(lines.utf8.count == 1_048_576)
    #expect(!Self.outcome(lines).isComplete)
    #expect(Self.outcome(lines + "k").isComplete)
    #expect(throws: MalformedRequest.tooLong) { try RequestText(lines + "k") }
    let object = "{" + String(repeating: " ", count: 1_048_575)
    #expect(!Self.outcome(object).isComplete)
    #expect(Self.outcome(object + "}").isComplete)
    #expect(throws: MalformedRequest.tooLong) { try EngFlow.uri(text: object + "}") }
  }
}
