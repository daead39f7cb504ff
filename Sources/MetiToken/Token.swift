/// An access token as METI issued it, with its account and its end.
public struct Token: ~Copyable, Sendable {
  /// The `b64token` (RFC 6750, 2.1) that follows `Bearer `.
  public let secret: Secret
  /// The account's name (see ``Account/name``).
  public let account: String
  public let expiry: Expiry
  /// Whole seconds it lives from its issue to its end; at least 1.
  public let lifetime: Int64

  public init(secret: consuming Secret, account: String, expiry: Expiry, lifetime: Int64) {
    self.secret = secret
    self.account = account
    self.expiry = expiry
    self.lifetime = lifetime
  }

  /// The longest token that is accepted, in bytes.
  public static let longest = 16 * 1024

  /// Whether `bytes` may stand in an `Authorization` header: `b64token` (RFC 6750, 2.1; the same
  /// as `token68`, RFC 9110, 11.2), of 1 to 16,384 bytes.
  public static func isLegal(_ bytes: RawSpan) -> Bool {
    guard bytes.byteCount > 0, bytes.byteCount <= longest else { return false }
    var end = bytes.byteCount
    while end > 0, bytes.byte(at: end - 1) == UInt8(ascii: "=") { end -= 1 }
    guard end > 0 else { return false }
    for index in 0..<end {
      switch bytes.byte(at: index) {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."),
        UInt8(ascii: "_"), UInt8(ascii: "~"), UInt8(ascii: "+"), UInt8(ascii: "/"):
        continue
      default:
        return false
      }
    }
    return true
  }

  /// Whether it lives long enough for `validity`, and, where a fresh one was asked for, was issued
  /// no earlier than `since`. What has more left than it ever lived is judged by a wall clock that
  /// is wrong, or was wrong when the token was issued, and is not trusted.
  public func satisfies(
    _ validity: MinimumValidity, issuedSince since: Moment? = nil, at now: Moment
  ) -> Bool {
    let remaining = expiry.remaining(at: now)
    guard remaining > validity.milliseconds(ofLifetime: lifetime), remaining <= lifetime * 1000
    else { return false }
    guard let since else { return true }
    return expiry.isSameBoot(since) && expiry.boot - lifetime * 1000 >= since.boot
  }

  public func duplicate() -> Token {
    Token(secret: secret.duplicate(), account: account, expiry: expiry, lifetime: lifetime)
  }
}

/// How long a token must still live to be handed out.
public struct MinimumValidity: Equatable, Sendable {
  /// What was asked for, in seconds; `nil` means the default.
  public let asked: Int64?

  /// Enough for a request that is slow to start and a server whose clock runs a little ahead.
  public static let standard = MinimumValidity(asked: nil)
  public static let standardSeconds: Int64 = 60

  /// Less than nothing is taken for nothing.
  public init(asked: Int64?) { self.asked = asked.map { max($0, 0) } }

  /// Milliseconds that a token of `lifetime` seconds must have left.
  ///
  /// The default never asks for more than half the life, so that a token of 30 seconds is used and
  /// not renewed for ever. What a person asked for stands, unless no token of that life can meet
  /// it: then half the life is asked for, for the same reason.
  public func milliseconds(ofLifetime lifetime: Int64) -> Int64 {
    let half = lifetime * 1000 / 2
    guard let asked else { return min(Self.standardSeconds * 1000, half) }
    return asked < lifetime ? asked * 1000 : half
  }

  /// Whether a token of `lifetime` seconds can meet what was asked for at all.
  public func canBeMet(byLifetime lifetime: Int64) -> Bool {
    guard let asked else { return true }
    return asked < lifetime
  }
}
