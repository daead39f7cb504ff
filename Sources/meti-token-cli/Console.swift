import FoundationEssentials
import Glibc
import MetiToken
import System

/// What the program writes to stderr: a handful of forms, one line each.
enum Console {
  static func error(_ text: String) { say("error: \(text)") }
  static func hint(_ text: String) { say("hint: \(text)") }
  static func warning(_ text: String) { say("warning: \(text)") }
  /// For `--verbose`.
  static func detail(_ text: String) { say("debug: \(text)") }

  /// A wait of more than a second, if a user watches.
  static func waiting(_ text: String) {
    if isatty(STDERR_FILENO) == 1 { say(text) }
  }

  /// One line, whatever the text holds: names and messages from outside never reach the terminal
  /// unescaped.
  static func say(_ text: String) {
    _ = Process.write("meti-token: \(text.escapedForTerminal(" "))\n", to: STDERR_FILENO)
  }
}

/// The answer, and nothing else, on stdout.
enum Output {
  static func write(_ bytes: borrowing Secret) throws {
    let isWritten = bytes.withBytes { Process.write($0, to: STDOUT_FILENO) }
    guard isWritten else {
      throw Failure(.inputOutput, "cannot write to standard output: \(SystemError().text)")
    }
  }

  /// One line of JSON. Its keys are in order, and what a terminal would obey is escaped.
  static func write(json value: some Encodable) throws {
    let encoder = JSONEncoder()
    encoder.keyEncodingStrategy = .convertToSnakeCase
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    let json = String(decoding: try encoder.encode(value), as: UTF8.self)
    try write(JSONObject.escaped(json) { $0.isTerminalControl } + "\n")
  }

  static func write(_ text: String) throws { try write(Secret(copying: text)) }
}
