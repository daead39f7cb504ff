/// What changes what is stored, other than a renewal: login, logout, reject.
extension Renewal {
  /// Stores `credential`, after one request has shown that METI takes it, and makes its account
  /// the default of its API. A refused credential stores nothing.
  ///
  /// - Parameter isVerified: false stores it unasked, and drops the account's token, so that the
  ///   next call shows whether it is good.
  /// - Parameter mustBeKept: false is for a call that is after the token: where the store does not
  ///   take the account that is reported, and the token is kept in the kernel tier alone.
  /// - Returns: the first token, where METI was asked.
  /// - Throws: ``TokenError/tooLong(_:)``, before anybody is asked, where it could not be read again.
  public func enrol(
    _ credential: borrowing Credential, isVerified: Bool, mustBeKept: Bool = true,
    until deadline: Deadline
  ) throws(TokenError) -> Token? {
    let account = credential.account
    let start = clock.now()
    // Also with the mark of a refusal, which may come later.
    guard credential.refused(at: start).stored().count <= StoredBody.longest else {
      throw .tooLong(account)
    }
    let held = try acquire(account, until: deadline)
    defer { withExtendedLifetime(held) {} }
    guard isVerified else {
      try keep(credential)
      held.revise { note in
        note.backOff = nil
        note.forgive(credential.mark)
      }
      defer { dropFormer(account) }
      _ = try asking { () throws(KeyringError) in try store.removeToken(of: account) }
      return nil
    }
    let token: Token
    do {
      token = try Patience(clock: clock, held: held).issue(
        from: issuer, for: credential, since: start, until: deadline)
    } catch {
      throw .issuer(error, account, credential.grant)
    }
    do {
      try keep(credential)
    } catch {
      guard !mustBeKept, case .keyring(let reason) = error else { throw error }
      report(.accountNotKept(reason))
      dropFormer(account)
      keep(token, on: cache.shelf(for: AccountSelector(account)))
      return token
    }
    dropFormer(account)
    save(token, of: account, on: shelfAfterLogin(account))
    return token
  }

  /// Makes a stored account the default of its API.
  /// - Throws: ``TokenError/noAccount(_:)`` when it is not stored.
  public func makeDefault(_ account: Account, until deadline: Deadline) throws(TokenError) {
    let held = try acquire(account, until: deadline)
    defer { withExtendedLifetime(held) {} }
    let isStored = try asking { () throws(KeyringError) in
      try store.isStored(account)
    }
    guard isStored else { throw .noAccount(AccountSelector(account)) }
    // Also where it fails: it may be done all the same.
    defer { dropDefault(notOf: account) }
    try asking { () throws(KeyringError) in try store.makeDefault(account) }
  }

  /// The default's, unless another account was made the default meanwhile: who does so from here on
  /// drops this shelf.
  private func shelfAfterLogin(_ account: Account) -> Shelf? {
    let shelf = cache.shelf(for: AccountSelector(api: account.api, name: nil))
    guard let name = try? store.defaultAccount(at: account.api),
      name.utf8.elementsEqual(account.name.utf8)
    else { return cache.shelf(for: AccountSelector(account)) }
    return shelf
  }

  /// Forgets the account's token and, unless `tokenOnly`, its credential.
  /// - Returns: whether there was anything to forget.
  /// - Throws: ``TokenError/keyring(_:)`` when something may be left; nothing is claimed then.
  public func forget(
    _ account: Account, tokenOnly: Bool, until deadline: Deadline
  ) throws(TokenError) -> Bool {
    let held = try acquire(account, until: deadline)
    defer { withExtendedLifetime(held) {} }
    let wasCached = dropCached(account)
    // Again at the end: a call may have read before what is removed here.
    defer { dropKept(account) }
    held.leave(LockNote())
    return try asking { () throws(KeyringError) in
      let hadToken = try store.removeToken(of: account)
      guard !tokenOnly else { return hadToken || wasCached }
      let hadCredential = try store.removeCredential(of: account)
      if try isDefault(account) { _ = try store.removeDefault(at: account.api) }
      return hadToken || hadCredential || wasCached
    }
  }

  /// Whether the account was made the default; one that cannot be read may be another's.
  private func isDefault(_ account: Account) throws(KeyringError) -> Bool {
    do {
      return account.name.isSameName(as: try store.defaultAccount(at: account.api))
    } catch  where error.kind.isOfOneItem {
      return false
    }
  }

  /// Forgets the account's token where it is still `rejected`; without `rejected`, whatever it is.
  /// A newer token, stored by another process meanwhile, stays.
  /// - Returns: whether anything was forgotten.
  public func reject(
    _ account: Account, token rejected: borrowing Secret?, until deadline: Deadline
  ) throws(TokenError) -> Bool {
    guard rejected != nil else { return try reject(account, until: deadline) { _ in true } }
    return try reject(account, until: deadline) { rejected!.equals($0) }
  }

  /// Forgets the account's token where `isMeant` says so of it, under the account's lock. The
  /// kernel tier comes first, so that a dead token is gone from it also where the keyring fails.
  /// - Returns: whether anything was forgotten.
  public func reject(
    _ account: Account, until deadline: Deadline, where isMeant: (borrowing Secret) -> Bool
  ) throws(TokenError) -> Bool {
    let held = try acquire(account, until: deadline)
    defer { withExtendedLifetime(held) {} }
    let wasCached = dropCached(account, where: isMeant)
    let stored = try asking { () throws(KeyringError) in try store.token(of: account) }
    guard let stored, isMeant(stored.secret) else { return wasCached }
    defer { dropKept(account) }
    return try asking { () throws(KeyringError) in try store.removeToken(of: account) }
  }

  /// Drops what the kernel tier has for the account and as the default, which may be another's.
  /// Also before a token is kept, for with the tier switched off nothing would replace it.
  private func dropFormer(_ account: Account) {
    dropDefault(notOf: account)
    cache.drop(AccountSelector(account))
  }

  /// Drops what the kernel tier has as the default's. Where that is another account's it goes on
  /// under that one's name: the keyring may not have taken it.
  private func dropDefault(notOf account: Account) {
    let anyone = AccountSelector(api: account.api, name: nil)
    defer { cache.drop(anyone) }
    guard let name = cache.find(anyone, at: clock.now())?.account,
      let other = try? Account(name: name, api: account.api), other != account,
      let shelf = cache.shelf(for: AccountSelector(other)),
      // Read again, now that a logout of the other would take the shelf away.
      let token = cache.find(anyone, at: clock.now()), token.account.isSameName(as: name)
    else { return }
    cache.keep(token, on: shelf, at: clock.now())
  }

  /// Drops what the kernel tier has, or is about to be given, for the account: under its name and,
  /// where that is not another account's, as the default's.
  private func dropKept(_ account: Account) {
    let anyone = AccountSelector(api: account.api, name: nil)
    let owner = cache.find(anyone, at: clock.now())?.account ?? account.name
    // First, for a switch may be about to give it its name.
    if owner.utf8.elementsEqual(account.name.utf8) { cache.drop(anyone) }
    cache.drop(AccountSelector(account))
  }

  /// Drops the account's keys from the kernel tier: its own and, where that holds this account's
  /// token, the default's.
  private func dropCached(
    _ account: Account, where isMeant: (borrowing Secret) -> Bool = { _ in true }
  ) -> Bool {
    var isAnyDropped = false
    let now = clock.now()
    for selector in [AccountSelector(api: account.api, name: nil), AccountSelector(account)] {
      guard let cached = cache.find(selector, at: now),
        cached.account.isSameName(as: account.name), isMeant(cached.secret)
      else { continue }
      cache.drop(selector)
      isAnyDropped = true
    }
    return isAnyDropped
  }

  private func acquire(
    _ account: Account, until deadline: Deadline
  ) throws(TokenError) -> any HeldLock {
    let held = try? lock.acquire(account, until: deadline, whileWaiting: { false })
    guard let held else { throw .busy }
    store.readAfresh()
    return held
  }

  /// Stores the credential and makes its account the default. What the kernel tier keeps for the
  /// default may be another account's then, also where only the first half was done.
  private func keep(_ credential: borrowing Credential) throws(TokenError) {
    defer { dropDefault(notOf: credential.account) }
    try asking { () throws(KeyringError) in
      try store.store(credential)
      try store.makeDefault(credential.account)
    }
  }
}
