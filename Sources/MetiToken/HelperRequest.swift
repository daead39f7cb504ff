/// The request of another program as it arrives on a pipe. Callers may keep the pipe open after it, so
/// its end is not waited for: append what each read(2) gives until `isComplete`.
public struct HelperRequest: ~Copyable, Sendable {
  /// The longest git-credential line in bytes, with its line feed, as git documents it. A longer line
  /// is refused, never split.
  static let longestLine = 65_535
  /// The longest request in bytes: a thousand times what callers send.
  static let longest = 1_048_576

  public private(set) var bytes = Secret()

  public init() {}

  public mutating func append(_ piece: RawSpan) { bytes.append(piece) }

  /// Whether it is a JSON object, as EngFlow's credential-helper spec has it, and not lines of git's.
  public var isEngFlow: Bool {
    bytes.withBytes { bytes in
      let first = (0..<bytes.byteCount).first { !bytes.byte(at: $0).isJSONWhiteSpace }
      return first.map { bytes.byte(at: $0) == UInt8(ascii: "{") } ?? false
    }
  }

  /// Whether nothing more is needed: a blank line or a whole object has come, or too much.
  public var isComplete: Bool {
    bytes.withBytes { bytes in
      guard bytes.byteCount <= Self.longest else { return true }
      return isEngFlow ? Self.isObjectComplete(bytes) : Self.areLinesComplete(bytes)
    }
  }

  private static func areLinesComplete(_ bytes: RawSpan) -> Bool {
    var start = 0
    while let end = bytes.firstIndex(of: UInt8(ascii: "\n"), from: start) {
      if bytes.line(start..<end).isEmpty || end - start >= longestLine { return true }
      start = end + 1
    }
    return bytes.byteCount - start > longestLine
  }

  /// Waits for the bracket that closes the outermost one. The parser finds out whether all is JSON.
  private static func isObjectComplete(_ bytes: RawSpan) -> Bool {
    var (depth, isInString, isEscaped) = (0, false, false)
    for index in 0..<bytes.byteCount {
      let byte = bytes.byte(at: index)
      if isEscaped {
        isEscaped = false
      } else if isInString, byte == UInt8(ascii: "\\") {
        isEscaped = true
      } else if byte == UInt8(ascii: "\"") {
        isInString.toggle()
      } else if !isInString, "{[".utf8.contains(byte) {
        depth += 1
      } else if !isInString, "}]".utf8.contains(byte) {
        depth -= 1
        if depth == 0 { return true }
      }
    }
    return false
  }
}
