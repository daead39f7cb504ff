/// A place in a JSON text (RFC 8259) and the steps forward from it.
///
/// The text is lent to each step and must be valid UTF-8. Nothing is repaired or guessed; only
/// strings are given back, as the rest of a request is ignored.
struct JSONReader {
  typealias Malformed = EngFlowRequest.Malformed

  private(set) var position = 0

  /// The next byte, which is not taken.
  func peek(in text: Span<UInt8>) -> UInt8? {
    position < text.count ? text[position] : nil
  }

  mutating func skipWhiteSpace(in text: Span<UInt8>) {
    while let byte = peek(in: text), byte.isJSONWhiteSpace { position += 1 }
  }

  /// Reads an object at nesting `depth`. For each member `read` is given the key and stands
  /// before the value, which it must read or skip.
  mutating func readObject(
    in text: Span<UInt8>, depth: Int,
    read: (inout JSONReader, [UInt8]) throws(Malformed) -> Void
  ) throws(Malformed) {
    try readSequence(in: text, to: ASCII.closeBrace, depth: depth) { reader throws(Malformed) in
      let key = try reader.readString(in: text)
      reader.skipWhiteSpace(in: text)
      guard try reader.take(in: text) == ASCII.colon else { throw .notJSON }
      reader.skipWhiteSpace(in: text)
      try read(&reader, key)
    }
  }

  /// Reads past a value that stands inside `depth` levels.
  mutating func skipValue(in text: Span<UInt8>, depth: Int) throws(Malformed) {
    switch peek(in: text) {
    case nil:
      throw .truncated
    case ASCII.openBrace:
      try readObject(in: text, depth: depth + 1) { (reader, _) throws(Malformed) in
        try reader.skipValue(in: text, depth: depth + 1)
      }
    case ASCII.openBracket:
      try readSequence(in: text, to: ASCII.closeBracket, depth: depth + 1) {
        reader throws(Malformed) in
        try reader.skipValue(in: text, depth: depth + 1)
      }
    case ASCII.quote:
      _ = try readString(in: text)
    case UInt8(ascii: "t"):
      try skip("true", in: text)
    case UInt8(ascii: "f"):
      try skip("false", in: text)
    case UInt8(ascii: "n"):
      try skip("null", in: text)
    default:
      try skipNumber(in: text)
    }
  }

  /// Reads a string, its escapes resolved, in UTF-8 (RFC 8259, section 7).
  mutating func readString(in text: Span<UInt8>) throws(Malformed) -> [UInt8] {
    guard try take(in: text) == ASCII.quote else { throw .notJSON }
    var string: [UInt8] = []
    while true {
      let byte = try take(in: text)
      switch byte {
      case ASCII.quote: return string
      case ASCII.backslash: try string.append(contentsOf: readEscape(in: text))
      case 0..<0x20: throw .notJSON
      default: string.append(byte)
      }
    }
  }

  /// Reads the elements between the opening byte, next in `text`, and `end`.
  private mutating func readSequence(
    in text: Span<UInt8>, to end: UInt8, depth: Int,
    element: (inout JSONReader) throws(Malformed) -> Void
  ) throws(Malformed) {
    guard depth <= RequestLimits.nesting else { throw .tooDeep }
    position += 1
    skipWhiteSpace(in: text)
    if peek(in: text) == end {
      position += 1
      return
    }
    while true {
      try element(&self)
      skipWhiteSpace(in: text)
      let next = try take(in: text)
      if next == end { return }
      guard next == UInt8(ascii: ",") else { throw .notJSON }
      skipWhiteSpace(in: text)
    }
  }

  private mutating func take(in text: Span<UInt8>) throws(Malformed) -> UInt8 {
    guard let byte = peek(in: text) else { throw .truncated }
    position += 1
    return byte
  }

  private mutating func readEscape(in text: Span<UInt8>) throws(Malformed) -> [UInt8] {
    switch try take(in: text) {
    case ASCII.quote: return [ASCII.quote]
    case ASCII.backslash: return [ASCII.backslash]
    case ASCII.slash: return [ASCII.slash]
    case UInt8(ascii: "b"): return [0x08]
    case UInt8(ascii: "f"): return [0x0C]
    case UInt8(ascii: "n"): return [ASCII.lineFeed]
    case UInt8(ascii: "r"): return [ASCII.carriageReturn]
    case UInt8(ascii: "t"): return [ASCII.tab]
    case UInt8(ascii: "u"): return try Array(Character(readScalar(in: text)).utf8)
    default: throw .badEscape
    }
  }

  /// Reads what follows `\u`, and the second half of a surrogate pair where there is a first.
  private mutating func readScalar(in text: Span<UInt8>) throws(Malformed) -> Unicode.Scalar {
    let first = try readCodeUnit(in: text)
    if let scalar = Unicode.Scalar(first) { return scalar }
    guard UTF16.isLeadSurrogate(first) else { throw .badEscape }
    guard try take(in: text) == ASCII.backslash, try take(in: text) == UInt8(ascii: "u")
    else { throw .badEscape }
    let second = try readCodeUnit(in: text)
    guard UTF16.isTrailSurrogate(second) else { throw .badEscape }
    return UTF16.decode(UTF16.EncodedScalar([first, second]))
  }

  private mutating func readCodeUnit(in text: Span<UInt8>) throws(Malformed) -> UInt16 {
    var unit: UInt16 = 0
    for _ in 0..<4 {
      guard let digit = try take(in: text).hexValue else { throw .badEscape }
      unit = unit << 4 | UInt16(digit)
    }
    return unit
  }

  private mutating func skip(_ literal: String, in text: Span<UInt8>) throws(Malformed) {
    for byte in literal.utf8 {
      guard try take(in: text) == byte else { throw .notJSON }
    }
  }

  /// Reads past a number: `[-] int [frac] [exp]` (RFC 8259, section 6).
  private mutating func skipNumber(in text: Span<UInt8>) throws(Malformed) {
    skipOne(of: "-", in: text)
    if peek(in: text) == UInt8(ascii: "0") {
      position += 1
    } else {
      try skipDigits(in: text)
    }
    if skipOne(of: ".", in: text) { try skipDigits(in: text) }
    if skipOne(of: "eE", in: text) {
      skipOne(of: "+-", in: text)
      try skipDigits(in: text)
    }
  }

  @discardableResult
  private mutating func skipOne(of bytes: String, in text: Span<UInt8>) -> Bool {
    guard let byte = peek(in: text), bytes.utf8.contains(byte) else { return false }
    position += 1
    return true
  }

  private mutating func skipDigits(in text: Span<UInt8>) throws(Malformed) {
    guard try take(in: text).isDigit else { throw .notJSON }
    while let byte = peek(in: text), byte.isDigit { position += 1 }
  }
}
