extension RawSpan {
  /// The byte at `index`; reading outside ends the program.
  public func byte(at index: Int) -> UInt8 {
    precondition(index >= 0 && index < byteCount)
    return unsafe unsafeLoad(fromByteOffset: index, as: UInt8.self)
  }

  /// Whether it begins with U+FEFF in UTF-8, as files of Windows do.
  public var hasByteOrderMark: Bool {
    byteCount >= 3 && byte(at: 0) == 0xEF && byte(at: 1) == 0xBB && byte(at: 2) == 0xBF
  }
}
