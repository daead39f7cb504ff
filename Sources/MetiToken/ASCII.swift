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

extension Span<UInt8> {
  func isSame(as text: String) -> Bool {
    let other = text.utf8
    guard count == other.count else { return false }
    for (index, byte) in other.enumerated() where self[index] != byte { return false }
    return true
  }

  /// The index of the first `byte` at or after `start`.
  func firstIndex(of byte: UInt8, from start: Int = 0) -> Int? {
    var index = start
    while index < count {
      if self[index] == byte { return index }
      index += 1
    }
    return nil
  }

  /// A copy on the heap. Not for secrets: nothing wipes it.
  func copied() -> [UInt8] {
    [UInt8](capacity: count) { output in
      for index in indices { output.append(self[index]) }
    }
  }
}
