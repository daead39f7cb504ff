extension Program {
  /// Puts a copy of this program there, making the directories above it.
  func install(at path: String) throws -> Program {
    try Self.install(self.path, at: path)
  }

  /// Puts a shell script there, likewise.
  static func install(script: String, at path: String) throws -> Program {
    try install("/dev/stdin", at: path, input: .text(script))
  }

  /// By a program of its own: were the file open for writing in this process, a child that another
  /// test starts would have it open for a moment, too, and a file that is written to cannot be
  /// executed (execve(2), ETXTBSY).
  private static func install(
    _ source: String, at path: String, input: Input = .nothing
  ) throws -> Program {
    let outcome = try Program("install").run(["-D", "-m", "755", source, path], input: input)
    guard outcome.status == .exit(0) else { throw Missed(what: path, seen: outcome.err) }
    return Program(path)
  }
}
