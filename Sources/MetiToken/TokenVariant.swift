/// Tells the tokens that one client gets in one way from those that it gets in another, such as one
/// that may only read from one that may delete. Empty for all that have one way.
public struct TokenVariant: Sendable {
  /// Printable ASCII without spaces.
  public let text: String

  public static let none = TokenVariant()

  private init() { text = "" }

  /// A short digest (FNV-1a, 64 bits), enough to tell apart what is meant to be different.
  public init(tokenURL: String, audience: String, scope: String) {
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    for part in [tokenURL, audience, scope] {
      for byte in part.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
      // A byte that is in no UTF-8 ends each part.
      hash = (hash ^ 0xFF) &* 0x100_0000_01b3
    }
    text = unsafe String(unsafeUninitializedCapacity: 16) { digits in
      for index in 0..<16 {
        let digit = UInt8(truncatingIfNeeded: hash >> UInt64(60 - 4 * index)) & 0xF
        unsafe digits[index] =
          digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") + digit - 10
      }
      return 16
    }
  }
}
