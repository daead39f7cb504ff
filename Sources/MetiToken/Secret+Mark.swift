extension Secret {
  /// Sixteen bits, in hexadecimal digits, by which a secret is told from its successor.
  ///
  /// They are written to a file, so there are no more of them: whoever reads it learns which one in
  /// 65,536 of all secrets this may be, and one successor in as many is taken for the same.
  /// - Parameter boot: the boot id, random and of that length of time; other bits come with another.
  public func mark(in boot: String) -> String {
    // 64-bit FNV-1a (RFC 9923), then MurmurHash3's finaliser, so that every bit counts.
    var state: UInt64 = 0xCBF2_9CE4_8422_2325
    func add(_ byte: UInt8) { state = (state ^ UInt64(byte)) &* 0x100_0000_01B3 }
    for byte in boot.utf8 { add(byte) }
    withBytes { bytes in
      for index in 0..<bytes.byteCount { add(bytes.byte(at: index)) }
    }
    state = (state ^ state >> 33) &* 0xFF51_AFD7_ED55_8CCD
    state = (state ^ state >> 33) &* 0xC4CE_B9FE_1A85_EC53
    return String(state >> 48, radix: 16)
  }
}
