/// Short digests (FNV-1a, RFC 9923), which tell different values apart unless somebody tries to make them
/// equal. They do not hide a value, so only 16 bits of a secret's digest are ever written.
public struct Fingerprint {
  private var state: UInt64 = 0xCBF2_9CE4_8422_2325

  fileprivate mutating func add(_ byte: UInt8) {
    state = (state ^ UInt64(byte)) &* 0x100_0000_01B3
  }

  /// Adds the text and an end that no UTF-8 has.
  fileprivate mutating func add(_ text: String) {
    for byte in text.utf8 { add(byte) }
    add(0xFF)
  }

  /// The fingerprint of several texts, in order, in hexadecimal digits.
  public static func of(_ texts: String...) -> String {
    var fingerprint = Fingerprint()
    for text in texts { fingerprint.add(text) }
    return String(fingerprint.state, radix: 16)
  }

  /// 16 bits of it. Whoever reads them learns one in 65,536 of all secrets.
  fileprivate var short: String { String(state >> 48, radix: 16) }
}

extension Secret {
  /// Sixteen bits that tell a secret from its successor, other ones in every boot.
  /// - Parameter boot: the boot id, which also spreads what came before it over all bits.
  public func fingerprint(in boot: String) -> String {
    var fingerprint = Fingerprint()
    withBytes { bytes in
      for index in 0..<bytes.byteCount { fingerprint.add(bytes.byte(at: index)) }
    }
    fingerprint.add(boot)
    return fingerprint.short
  }
}
