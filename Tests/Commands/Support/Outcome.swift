/// How a program ended, and what it said.
struct Outcome: Sendable, CustomStringConvertible {
  enum Status: Equatable, Sendable {
    case exit(Int32)
    case signal(Int32)
    /// It ran out of time, or something it started kept its streams open; all were killed.
    case timeout
  }

  var status: Status
  var stdout: [UInt8]
  var stderr: [UInt8]
  /// What a terminal's screen was given, echo included.
  var terminal: [UInt8]
  /// From the start to the end of the program.
  var seconds: Double

  /// Whether it ended long before the 30 seconds that a call has where no other deadline holds.
  /// Nearer to a deadline of a few seconds a busy machine would decide.
  var isSoon: Bool { seconds < 20 }

  /// What was written to stdout, as text.
  var out: String { String(decoding: stdout, as: UTF8.self) }
  /// What was written to stderr, as text.
  var err: String { String(decoding: stderr, as: UTF8.self) }
  /// What `$(program)` is in a shell: stdout without the newlines at its end.
  var value: String {
    var text = out[...]
    while text.last == "\n" { text.removeLast() }
    return String(text)
  }

  var description: String {
    "\(status) after \(seconds) s; stdout \(out.debugDescription); stderr \(err.debugDescription)"
  }
}

/// Something that was waited for did not come.
struct Missed: Error, CustomStringConvertible {
  let what: String
  let seen: String

  var description: String { "waited too long for \(what); seen: \(seen.debugDescription)" }
}
