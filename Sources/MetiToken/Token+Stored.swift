extension Token {
  /// The stored form, for the keyring (see ``StoredBody``).
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

  /// Reads the stored form; `nil` if a part is missing or impossible, or the token is not legal.
  public init?(stored: consuming Secret) {
    guard let body = StoredBody(stored),
      let account = body.text("account"),
      let expiresOn = body.number("expires_on"), expiresOn <= Lifetime.latestExpiry,
      let lifetime = body.number("lifetime"), Lifetime.allowed.contains(lifetime),
      let boot = body.number("boot_expiry_ms"), let bootID = body.text("boot_id")
    else { return nil }
    guard body.secret.withBytes({ Token.isLegal($0) }) else { return nil }
    self.init(
      secret: body.secret, account: account,
      expiry: Moment(wall: expiresOn * 1000, boot: boot, bootID: bootID), lifetime: lifetime)
  }
}
