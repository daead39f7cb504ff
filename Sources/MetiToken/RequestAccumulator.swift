/// A request as it arrives on a pipe: which protocol it is, and whether all of it is here.
///
/// Callers may keep the pipe open after their request, so its end is not waited for. Append what each
/// read(2) gives until `progress` is no longer `incomplete` or the input ends, then parse `bytes` as
/// `form` says.
public struct RequestAccumulator: ~Copyable, Sendable {
  /// The longest git-credential line in bytes, with its line feed, as git documents it. A longer
  /// line is refused, never split.
  public static let longestLine = 65_535

  /// The longest request in bytes, of either protocol: a thousand times what callers send.
  public static let longest = 1_048_576

  public enum Form: Equatable, Sendable {
    /// Lines of `key=value`, git-credential(1).
    case git
    /// A JSON object, the EngFlow credential-helper spec.
    case engFlow
  }

  public enum Progress: Equatable, Sendable {
    /// More is needed, or the end of the input.
    case incomplete
    /// A blank line, or the brace that closes the object, has been read.
    case complete
    /// The request, or one line of it, is too long. Parsing it throws the same.
    case tooLarge
  }

  public private(set) var progress = Progress.incomplete
  public private(set) var bytes = Secret()
  private var knownForm: Form?

  // The current line.
  private var lineProgress = Progress.incomplete
  private var lineLength = 0
  private var isLineBlank = true

  // The object.
  private var depth = 0
  private var isInString = false
  private var isEscaped = false

  /// - Parameter form: the protocol if the operation has only one, as `store` and `erase`; otherwise
  ///   the first byte that is not white space tells, `{` for EngFlow.
  public init(form: Form? = nil) { knownForm = form }

  /// The protocol so far: `git` until a first byte says otherwise.
  public var form: Form { knownForm ?? .git }

  /// Whether all that has come is white space with a blank line: an empty request of git's, or what
  /// may stand before JSON.
  public var isBlank: Bool { knownForm == nil && lineProgress == .complete }

  /// Takes the next bytes of the input. What follows a complete git request is dropped. What follows a
  /// complete EngFlow request is kept, so that parsing refuses it.
  public mutating func append(_ piece: RawSpan) {
    for index in 0..<piece.byteCount {
      if progress != .incomplete && form == .git { return }
      // One byte over the limit is kept: it makes the parser refuse.
      if bytes.count > Self.longest { return }
      let byte = piece.byte(at: index)
      bytes.append(byte)
      guard progress == .incomplete else { continue }
      if bytes.count > Self.longest { progress = .tooLarge } else { scan(byte) }
    }
  }

  private mutating func scan(_ byte: UInt8) {
    if knownForm == nil, !byte.isJSONWhiteSpace {
      knownForm = byte == UInt8(ascii: "{") ? .engFlow : .git
    }
    if knownForm == .engFlow { return scanObject(byte) }
    scanLine(byte)
    // A blank line ends a git request, but white space may still be JSON's.
    if knownForm == .git { progress = lineProgress }
  }

  private mutating func scanLine(_ byte: UInt8) {
    guard lineProgress == .incomplete else { return }
    lineLength += 1
    if lineLength > Self.longestLine {
      lineProgress = .tooLarge
    } else if byte == UInt8(ascii: "\n") {
      if isLineBlank { lineProgress = .complete }
      lineLength = 0
      isLineBlank = true
    } else {
      // One carriage return belongs to the line break, a second one to the line.
      isLineBlank = isLineBlank && lineLength == 1 && byte == UInt8(ascii: "\r")
    }
  }

  /// Waits for the bracket that closes the outermost one. The parser finds out whether all is JSON.
  private mutating func scanObject(_ byte: UInt8) {
    if isEscaped {
      isEscaped = false
    } else if isInString {
      if byte == UInt8(ascii: "\\") { isEscaped = true }
      if byte == UInt8(ascii: "\"") { isInString = false }
    } else if byte == UInt8(ascii: "\"") {
      isInString = true
    } else if "{[".utf8.contains(byte) {
      depth += 1
    } else if "}]".utf8.contains(byte) {
      depth -= 1
      if depth <= 0 { progress = .complete }
    }
  }
}
