/// A request as it arrives on a pipe: which protocol it is, and whether all of it is here.
///
/// Callers may keep the pipe open after their request, so waiting for its end would wait for
/// ever. Append what each read(2) gives until `progress` is no longer `incomplete` or the input
/// ends, then parse what `withBytes` lends as `form` says. The bytes are wiped when this goes.
/// Feeding costs the same in pieces as at once.
public struct RequestAccumulator: ~Copyable, Sendable {
  /// The protocol of a request.
  public enum Form: Equatable, Sendable {
    /// Lines of `key=value`, git-credential(1).
    case git
    /// A JSON object, the EngFlow credential-helper spec.
    case engFlow
  }

  public enum Progress: Equatable, Sendable {
    /// More is needed, or the end of the input.
    case incomplete
    /// A blank line, or the brace that closes the object, has been seen.
    case complete
    /// The request, or one line of it, passes `RequestLimits`. Parsing it throws the same.
    case tooLarge
  }

  public private(set) var progress = Progress.incomplete
  private var bytes = WipedBytes(capacity: 4096)
  private var scanner: RequestScanner

  /// - Parameter form: The protocol where the operation leaves no choice, as for `store` and
  ///   `erase`; otherwise the first byte that is not white space tells, `{` for EngFlow.
  public init(form: Form? = nil) {
    scanner = RequestScanner(form: form)
  }

  /// The protocol so far: `git` until a first byte says otherwise.
  public var form: Form { scanner.form ?? .git }

  /// Whether all that has come is white space with a blank line: a request of git's that is empty,
  /// or what may stand before JSON.
  public var isBlank: Bool { scanner.isBlank }

  /// Takes the next bytes of the input.
  ///
  /// What follows a complete git request is dropped. What follows a complete EngFlow request is
  /// kept, so that parsing refuses it.
  public mutating func append(_ piece: Span<UInt8>) {
    for index in piece.indices {
      if progress != .incomplete && form == .git { return }
      // One byte over the limit is kept: it is what makes the parser refuse.
      if bytes.count > RequestLimits.request { return }
      bytes.append(piece[index])
      guard progress == .incomplete else { continue }
      progress =
        bytes.count > RequestLimits.request ? .tooLarge : scanner.read(piece[index])
    }
  }

  /// Lends what has been kept of the input to `body`.
  public func withBytes<Result: ~Copyable, Failure: Error>(
    _ body: (Span<UInt8>) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    try bytes.withBytes(body)
  }
}

/// Finds the end of a request, a byte at a time, in constant space.
struct RequestScanner {
  typealias Form = RequestAccumulator.Form
  typealias Progress = RequestAccumulator.Progress

  private(set) var form: Form?
  private var lines = LineScanner()
  private var object = ObjectScanner()

  init(form: Form?) {
    self.form = form
  }

  var isBlank: Bool { form == nil && lines.progress == .complete }

  mutating func read(_ byte: UInt8) -> Progress {
    if form == nil && !byte.isJSONWhiteSpace {
      form = byte == ASCII.openBrace ? .engFlow : .git
    }
    switch form {
    case .engFlow:
      return object.read(byte)
    case .git:
      return lines.read(byte)
    case nil:
      // A blank line ends a git request, but leading white space may still be JSON's.
      _ = lines.read(byte)
      return .incomplete
    }
  }
}

/// Waits for a blank line.
private struct LineScanner {
  private(set) var progress = RequestAccumulator.Progress.incomplete
  private var length = 0
  private var isBlank = true

  mutating func read(_ byte: UInt8) -> RequestAccumulator.Progress {
    guard progress == .incomplete else { return progress }
    length += 1
    if length > RequestLimits.line {
      progress = .tooLarge
    } else if byte == ASCII.lineFeed {
      if isBlank { progress = .complete }
      length = 0
      isBlank = true
    } else {
      // One carriage return belongs to the line break, a second one to the line.
      isBlank = isBlank && length == 1 && byte == ASCII.carriageReturn
    }
    return progress
  }
}

/// Waits for the brace that closes the outermost object. Whether what is between is JSON is the
/// parser's question.
private struct ObjectScanner {
  private var depth = 0
  private var isInString = false
  private var isEscaped = false

  mutating func read(_ byte: UInt8) -> RequestAccumulator.Progress {
    if isInString {
      if isEscaped {
        isEscaped = false
      } else if byte == ASCII.backslash {
        isEscaped = true
      } else if byte == ASCII.quote {
        isInString = false
      }
      return .incomplete
    }
    switch byte {
    case ASCII.quote:
      isInString = true
    case ASCII.openBrace, ASCII.openBracket:
      depth += 1
    case ASCII.closeBrace, ASCII.closeBracket:
      depth -= 1
      if depth <= 0 { return .complete }
    default:
      break
    }
    return .incomplete
  }
}
