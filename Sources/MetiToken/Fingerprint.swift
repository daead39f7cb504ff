/// Short digests (FNV-1a, RFC 9923), which tell different values apart unless somebody tries to make them
/// equal. They do not hide a value, so only 16 bits of a secret's digest are ever written.
public struct Fingerprint {
  private var state: UInt64 = 0xCBF2_9CE4_8422_2325

  mutating func add(_ byte: UInt8) { state = (state ^ UInt64(byte)) &* 0x100_0000_01B3 }

  /// Adds the text and an end that no UTF-8 has.
  mutating func add(_ text: String) {
    for byte in text.utf8 { add(byte) }
    add(0xFF)
  }

  /// The fingerprint of several texts, in order: 16 hexadecimal digits.
  public static func of(_ texts: String...) -> String {
    var fingerprint = Fingerprint()
    for text in texts { fingerprint.add(text) }
    return hexadecimal(fingerprint.state, digits: 16)
  }

  /// 16 bits as hexadecimal digits, in which every bit of what was added counts (MurmurHash3's
  /// finaliser). Whoever reads them learns one in 65,536 of all secrets.
  var short: String {
    var bits = (state ^ state >> 33) &* 0xFF51_AFD7_ED55_8CCD
    bits = (bits ^ bits >> 33) &* 0xC4CE_B9FE_1A85_EC53
    return Self.hexadecimal(bits >> 48, digits: 4)
  }

  private static func hexadecimal(_ value: UInt64, digits: Int) -> String {
    let text = String(value, radix: 16)
    return String(repeating: "0", count: digits - text.utf8.count) + text
  }
}

extension Secret {
  /// Sixteen bits that tell a secret from its successor, other ones in every boot.
  /// - Parameter boot: the boot id.
  public func fingerprint(in boot: String) -> String {
    var fingerprint = Fingerprint()
    fingerprint.add(boot)
    withBytes { bytes in
      for index in 0..<bytes.byteCount { fingerprint.add(bytes.byte(at: index)) }
    }
    return fingerprint.short
  }
}
