/// An access token as METI issued it, with its account and its times.
public struct Token: ~Copyable, Sendable {
  /// The `b64token` (RFC 6750, 2.1) that follows `Bearer `.
  public let secret: Secret
  /// The account's name (see ``Account/name``).
  public let account: String
  public let expiry: Moment
  /// Whole seconds from its issue to its expiry; at least 1.
  public let lifetime: Int64
  /// From when on a caller tries to refresh it, in milliseconds of the expiry's boot clock. A caller
  /// that tries moves it forward, so that the others keep using the token.
  public var refreshFrom: Int64

  public init(
    secret: consuming Secret, account: String, expiry: Moment, lifetime: Int64,
    refreshFrom: Int64? = nil
  ) {
    self.secret = secret
    self.account = account
    self.expiry = expiry
    self.lifetime = lifetime
    self.refreshFrom =
      refreshFrom ?? expiry.boot - Self.refreshMargin(lifetime, expiry)
  }

  /// The longest token that is accepted, in bytes.
  public static let longest = 16 * 1024

  /// Whether `bytes` may be in an `Authorization` header: `b64token` (RFC 6750, 2.1; the same as
  /// `token68`, RFC 9110, 11.2), of 1 to 16,384 bytes.
  public static func isLegal(_ bytes: RawSpan) -> Bool {
    guard bytes.byteCount > 0, bytes.byteCount <= longest else { return false }
    var end = bytes.byteCount
    while end > 0, bytes.byte(at: end - 1) == UInt8(ascii: "=") { end -= 1 }
    return end > 0
      && (0..<end).allSatisfy { index in
        let byte = bytes.byte(at: index)
        return byte.isLetter || byte.isDigit || "-._~+/".utf8.contains(byte)
      }
  }

  public func duplicate() -> Token {
    Token(
      secret: secret.duplicate(), account: account, expiry: expiry, lifetime: lifetime,
      refreshFrom: refreshFrom)
  }

  /// What is printed: the token, or the `Authorization` header, and a newline.
  public func line(asHeader: Bool) -> Secret {
    var line = Secret(capacity: secret.count + 32)
    if asHeader { line.append("Authorization: Bearer ") }
    secret.withBytes { line.append($0) }
    line.append(UInt8(ascii: "\n"))
    return line
  }
}

/// What a token's lifetime may be, in seconds.
public enum Lifetime {
  /// A year is more than any issuer of bearer tokens should give; what is longer is a mistake.
  public static let allowed: ClosedRange<Int64> = 1...366 * 86400

  /// Assumed if neither the answer nor the token says: short, so that it cannot hurt for long.
  public static let unknown: Int64 = 300

  /// The last second of the year 9999, the end of what RFC 3339 can write.
  static let latestExpiry: Int64 = 253_402_300_799
}
