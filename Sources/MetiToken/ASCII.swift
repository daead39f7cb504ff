// Bytes of the protocols, which are compared as bytes: `String ==` is canonical equivalence.

extension UInt8 {
  /// White space of JSON (RFC 8259, section 2) and nothing else.
  public var isJSONWhiteSpace: Bool { self == 0x20 || self == 0x09 || self == 0x0A || self == 0x0D }

  /// Printable ASCII except the space.
  var isVisible: Bool { (0x21...0x7E).contains(self) }

  /// What may be in a URL. A backslash is a slash to some parsers.
  var isOfURL: Bool { isVisible && self != UInt8(ascii: "\\") }

  public var isDigit: Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(self) }

  public var isLetter: Bool { (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(lowercased) }

  /// The byte with ASCII capitals in lower case, every other byte as it is.
  var lowercased: UInt8 {
    (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(self) ? self | 0x20 : self
  }

  /// The value of a hexadecimal digit.
  var hexValue: UInt8? {
    switch lowercased {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): self - UInt8(ascii: "0")
    case UInt8(ascii: "a")...UInt8(ascii: "f"): lowercased - UInt8(ascii: "a") + 10
    default: nil
    }
  }
}

extension String {
  /// The text with `%XX` in place of each byte that cannot stand in a URL's query, or separates its
  /// parts (RFC 3986, 2.1). Slashes stay: GDAL finds the layer's name behind the last one.
  public var percentEncoded: String {
    utf8.reduce(into: "") { text, byte in
      if byte.isLetter || byte.isDigit || "-._~/:".utf8.contains(byte) {
        text.unicodeScalars.append(Unicode.Scalar(byte))
      } else {
        let digits = String(byte, radix: 16, uppercase: true)
        text += byte < 0x10 ? "%0\(digits)" : "%\(digits)"
      }
    }
  }
}

extension RawSpan {
  /// The byte at `index`; reading outside ends the program.
  public func byte(at index: Int) -> UInt8 {
    precondition(index >= 0 && index < byteCount)
    return unsafe unsafeLoad(fromByteOffset: index, as: UInt8.self)
  }

  /// These bytes as text; `nil` if they are not UTF-8. Not for secrets: nothing wipes it.
  public var text: String? {
    let bytes = Span<UInt8>(_bytes: self)
    guard let checked = try? UTF8Span(validating: bytes) else { return nil }
    return String(copying: checked)
  }

  /// Whether it begins with U+FEFF in UTF-8, as files of Windows do.
  var hasByteOrderMark: Bool {
    byteCount >= 3 && byte(at: 0) == 0xEF && byte(at: 1) == 0xBB && byte(at: 2) == 0xBF
  }

  func isSame(as text: String) -> Bool {
    byteCount == text.utf8.count && text.utf8.enumerated().allSatisfy { byte(at: $0) == $1 }
  }

  /// The index of the first `byte` at or after `start`.
  func firstIndex(of byte: UInt8, from start: Int = 0) -> Int? {
    (start..<byteCount).first { self.byte(at: $0) == byte }
  }

  /// `range`, which ends before a line feed, without the carriage return at its end.
  func line(_ range: Range<Int>) -> Range<Int> {
    let hasReturn = !range.isEmpty && byte(at: range.upperBound - 1) == UInt8(ascii: "\r")
    return hasReturn ? range.dropLast() : range
  }
}
