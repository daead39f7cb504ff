extension Token {
  /// The stored form, for the keyring and for the kernel's key.
  public func stored() -> Secret {
    StoredBody.pack(
      secret,
      [
        "account": account,
        "expires_on": String(expiry.wall / 1000),
        "lifetime": String(lifetime),
        "boot_expiry_ms": String(expiry.boot),
        "boot_id": expiry.bootID,
      ])
  }

  /// Reads the stored form; `nil` when a part is missing or impossible, or the token is not legal.
  /// - Parameter bootID: the boot that the stored boot clock belongs to, where the caller knows it
  ///   better than the stored form does.
  public init?(stored: consuming Secret, bootID: String? = nil) {
    guard let body = StoredBody(stored),
      let account = body.text("account"),
      let expiresOn = body.number("expires_on"), expiresOn <= Lifetime.latestExpiry,
      let lifetime = body.number("lifetime"), Lifetime.allowed.contains(lifetime),
      let boot = body.number("boot_expiry_ms"),
      let bootID = bootID ?? body.text("boot_id")
    else { return nil }
    let secret = body.secret()
    guard secret.withBytes({ Token.isLegal($0) }) else { return nil }
    self.init(
      secret: secret, account: account,
      expiry: Expiry(wall: expiresOn * 1000, boot: boot, bootID: bootID), lifetime: lifetime)
  }

  /// What is printed: the token, or the `Authorization` header, and a newline.
  public consuming func line(asHeader: Bool) -> Secret {
    guard asHeader else {
      var line = secret
      line.append(UInt8(ascii: "\n"))
      return line
    }
    var line = Secret(capacity: secret.count + 32)
    line.append("Authorization: Bearer ")
    secret.withBytes { line.append($0) }
    line.append(UInt8(ascii: "\n"))
    return line
  }
}

/// What a token's lifetime may be, in seconds.
public enum Lifetime {
  /// A year is already more than any issuer of bearer tokens should give; what is longer is
  /// taken for a mistake and refused.
  public static let allowed: ClosedRange<Int64> = 1...366 * 86400

  /// Assumed when neither the answer nor the token says: short, so that it cannot hurt for long.
  public static let unknown: Int64 = 300

  /// The last second of the year 9999, the end of what RFC 3339 can write.
  static let latestExpiry: Int64 = 253_402_300_799
}
