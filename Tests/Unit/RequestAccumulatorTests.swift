import MetiToken
import Testing

@Suite struct RequestAccumulatorTests {
  typealias Form = RequestAccumulator.Form
  typealias Progress = RequestAccumulator.Progress

  struct Outcome: Equatable {
    var form: Form
    var progress: Progress
    var kept: String
  }

  /// What comes of `text` fed in pieces of `size` bytes, all of them.
  static func feed(_ text: String, piece size: Int, form: Form? = nil) -> Outcome {
    let bytes = Array(text.utf8)
    var accumulator = RequestAccumulator(form: form)
    var start = 0
    while start < bytes.count {
      let end = min(start + size, bytes.count)
      Secret(bytes: Array(bytes[start..<end])).withBytes { accumulator.append($0) }
      start = end
    }
    let kept = accumulator.bytes.withBytes { $0.text } ?? "not UTF-8"
    return Outcome(form: accumulator.form, progress: accumulator.progress, kept: kept)
  }

  @Test(arguments: [
    ("", Form.git, Progress.incomplete, ""),
    ("host=a\n", .git, .incomplete, "host=a\n"),
    ("host=a\n\n", .git, .complete, "host=a\n\n"),
    ("host=a\r\n\r\n", .git, .complete, "host=a\r\n\r\n"),
    ("host=a\n\r\r\n", .git, .incomplete, "host=a\n\r\r\n"),
    ("host=a\n\nhost=b\n", .git, .complete, "host=a\n\n"),
    ("host=\r\n", .git, .incomplete, "host=\r\n"),
    (" \n", .git, .incomplete, " \n"),
    (" \nh", .git, .incomplete, " \nh"),
    ("\nh", .git, .complete, "\nh"),
    ("\u{FEFF}{}", .git, .incomplete, "\u{FEFF}{}"),
    ("[]", .git, .incomplete, "[]"),
    ("{}", .engFlow, .complete, "{}"),
    (" \r\n\n\t{\"uri\":\"a\"}", .engFlow, .complete, " \r\n\n\t{\"uri\":\"a\"}"),
    ("{\"uri\":\"a\"", .engFlow, .incomplete, "{\"uri\":\"a\""),
    ("{\"a\":{\"b\":[1]}}", .engFlow, .complete, "{\"a\":{\"b\":[1]}}"),
    ("{\"a\":{\"b\":[1]}", .engFlow, .incomplete, "{\"a\":{\"b\":[1]}"),
    ("{\"}\":\"", .engFlow, .incomplete, "{\"}\":\""),
    ("{\"\\\"}", .engFlow, .incomplete, "{\"\\\"}"),
    ("{\"\\\\\"}", .engFlow, .complete, "{\"\\\\\"}"),
    ("{\n\n\n", .engFlow, .incomplete, "{\n\n\n"),
    ("{} x", .engFlow, .complete, "{} x"),
  ])
  func `the end of a request is found however it is cut`(
    text: String, form: Form, progress: Progress, kept: String
  ) {
    let expected = Outcome(form: form, progress: progress, kept: kept)
    for size in 1...max(text.utf8.count, 1) {
      #expect(Self.feed(text, piece: size) == expected)
    }
  }

  @Test func `an operation that only git has reads a brace as git's`() {
    #expect(
      Self.feed("{}\n\n", piece: 1, form: .git)
        == Outcome(form: .git, progress: .complete, kept: "{}\n\n"))
    #expect(
      Self.feed("\n", piece: 1, form: .git)
        == Outcome(form: .git, progress: .complete, kept: "\n"))
  }

  @Test(arguments: [
    ("\n", true), ("\r\n", true), (" \n\n", true), ("\n\t ", true),
    ("", false), (" ", false), (" \n", false), ("\r\r\n", false),
    ("\n{", false), ("\n{}", false), ("\na", false), ("a=b\n\n", false),
  ])
  func `a blank line alone may be an empty request of git's`(text: String, isBlank: Bool) {
    for piece in [1, 100] {
      var request = RequestAccumulator()
      let bytes = Array(text.utf8)
      for start in stride(from: 0, to: bytes.count, by: piece) {
        Secret(bytes: Array(bytes[start..<min(start + piece, bytes.count)])).withBytes {
          request.append($0)
        }
      }
      #expect(request.isBlank == isBlank)
      if isBlank { #expect(request.progress == .incomplete && request.form == .git) }
    }
  }

  @Test func `a request that never ends is given up`() {
    let line = String(repeating: "a", count: 65_535)
    #expect(Self.feed(line, piece: 4096).progress == .incomplete)
    #expect(Self.feed(line + "a", piece: 4096).progress == .tooLarge)
    #expect(Self.feed(line + "\n", piece: 4096).progress == .tooLarge)

    let lines = String(repeating: "key=value value\n", count: 65_536)
    #expect(lines.utf8.count == 1_048_576)
    #expect(Self.feed(lines, piece: 65_536).progress == .incomplete)
    #expect(Self.feed(lines + "\n", piece: 65_536).progress == .tooLarge)

    let object = "{" + String(repeating: " ", count: 1_048_574)
    #expect(Self.feed(object + "}", piece: 65_536).progress == .complete)
    #expect(Self.feed(object + " }", piece: 65_536).progress == .tooLarge)
    let space = String(repeating: " ", count: 1_048_577)
    #expect(Self.feed(space, piece: 65_536).progress == .tooLarge)
  }

  @Test func `what is given up is refused by the parsers too`() {
    let line = String(repeating: "a", count: 65_536)
    #expect(throws: MalformedRequest.lineTooLong) {
      try RequestText(Self.feed(line, piece: 1000).kept)
    }
    let lines = String(repeating: "key=value value\n", count: 70_000)
    #expect(throws: MalformedRequest.tooLarge) {
      try RequestText(Self.feed(lines, piece: 1000).kept)
    }
    let object = "{" + String(repeating: " ", count: 1_100_000)
    #expect(throws: MalformedRequest.tooLarge) {
      try EngFlow.uri(text: Self.feed(object, piece: 1000).kept)
    }
  }
}
