import Glibc
import MetiToken
import Posix

/// What the program says on stderr: a handful of forms, one line each.
enum Voice {
  static func error(_ text: String) { line("error: \(text)") }
  static func hint(_ text: String) { line("hint: \(text)") }
  static func warning(_ text: String) { line("warning: \(text)") }
  /// For `--verbose`.
  static func detail(_ text: String) { line("debug: \(text)") }
  /// What was done, where that is not the answer.
  static func say(_ text: String) { line(text) }

  /// One line, whatever the text holds: names and messages from outside must not steer a terminal.
  private static func line(_ text: String) {
    _ = Process.write("meti-token: \(text.escapedForTerminal(" "))\n", to: STDERR_FILENO)
  }
}
