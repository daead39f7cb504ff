/// What changes what is stored, other than a renewal: login, logout, reject.
extension Renewal {
  /// Stores `credential`, after one request has shown that METI takes it, and makes its account
  /// the default of its API. A refused credential stores nothing.
  ///
  /// - Parameter isVerified: false stores it unasked, and drops the account's token, so that the
  ///   next call shows whether it is good.
  /// - Returns: the first token, where METI was asked.
  public func enrol(
    _ credential: borrowing Credential, isVerified: Bool, until deadline: Deadline
  ) throws(TokenError) -> Token? {
    let account = credential.account
    let start = clock.now()
    let held = try acquire(account, until: deadline)
    defer { withExtendedLifetime(held) {} }
    guard isVerified else {
      try keep(credential)
      cache.drop(AccountSelector(account))
      _ = try asking { () throws(KeyringError) in try store.removeToken(of: account) }
      return nil
    }
    let token: Token
    do {
      token = try Patience(clock: clock, held: held).issue(
        from: issuer, for: credential, since: start, until: deadline)
    } catch {
      throw .issuer(error, account)
    }
    try keep(credential)
    save(token, for: AccountSelector(api: account.api, name: nil), of: account)
    return token
  }

  /// Forgets the account's token and, unless `tokenOnly`, its credential.
  /// - Returns: whether there was anything to forget.
  /// - Throws: ``TokenError/keyring(_:)`` when something may be left; nothing is claimed then.
  public func forget(
    _ account: Account, tokenOnly: Bool, until deadline: Deadline
  ) throws(TokenError) -> Bool {
    let held = try acquire(account, until: deadline)
    defer { withExtendedLifetime(held) {} }
    let wasCached = dropCached(account, ifIs: nil)
    return try asking { () throws(KeyringError) in
      let hadToken = try store.removeToken(of: account)
      guard !tokenOnly else { return hadToken || wasCached }
      let hadCredential = try store.removeCredential(of: account)
      if try store.defaultAccount(at: account.api) == account.name {
        _ = try store.removeDefault(at: account.api)
      }
      return hadToken || hadCredential || wasCached
    }
  }

  /// Forgets the account's token where it is still `rejected`; without `rejected`, whatever it is.
  /// A newer token, stored by another process meanwhile, stays.
  /// - Returns: whether anything was forgotten.
  public func reject(
    _ account: Account, token rejected: borrowing Secret?, until deadline: Deadline
  ) throws(TokenError) -> Bool {
    let held = try acquire(account, until: deadline)
    defer { withExtendedLifetime(held) {} }
    let wasCached = dropCached(account, ifIs: rejected)
    let stored = try asking { () throws(KeyringError) in try store.token(of: account) }
    guard let stored, Self.isMeant(stored.secret, rejected) else { return wasCached }
    return try asking { () throws(KeyringError) in try store.removeToken(of: account) }
  }

  /// Drops the account's keys from the kernel tier: its own and, where that holds this account's
  /// token, the default's.
  private func dropCached(_ account: Account, ifIs token: borrowing Secret?) -> Bool {
    var isAnyDropped = false
    let now = clock.now()
    for selector in [AccountSelector(account), AccountSelector(api: account.api, name: nil)] {
      guard let cached = cache.find(selector, at: now), cached.account == account.name,
        Self.isMeant(cached.secret, token)
      else { continue }
      cache.drop(selector)
      isAnyDropped = true
    }
    return isAnyDropped
  }

  private static func isMeant(
    _ token: borrowing Secret, _ rejected: borrowing Secret?
  ) -> Bool {
    guard rejected != nil else { return true }
    return rejected!.equals(token)
  }

  private func acquire(
    _ account: Account, until deadline: Deadline
  ) throws(TokenError) -> any HeldLock {
    let held = try? lock.acquire(account, until: deadline, whileWaiting: { false })
    guard let held else { throw .busy }
    return held
  }

  /// Stores the credential and makes its account the default. What the kernel tier keeps for the
  /// default may be another account's then, also where only the first half was done.
  private func keep(_ credential: borrowing Credential) throws(TokenError) {
    defer { cache.drop(AccountSelector(api: credential.account.api, name: nil)) }
    try asking { () throws(KeyringError) in
      try store.store(credential)
      try store.makeDefault(credential.account)
    }
  }
}
