extension RawSpan {
  /// The byte at `index`; reading outside ends the program.
  public func byte(at index: Int) -> UInt8 {
    precondition(index >= 0 && index < byteCount)
    return unsafe unsafeLoad(fromByteOffset: index, as: UInt8.self)
  }
}
