/// What changes the stored accounts, other than a renewal: login, switch, logout, reject.
extension Renewal {
  /// Stores `credential`, after one request has shown that METI accepts it, and makes its account the
  /// default of its API. A rejected credential changes nothing.
  /// - Parameter mustBeStored: false is for a call that needs the token: if the store does not take
  ///   the account, that is reported, and the token is cached only.
  public func logIn(
    _ credential: borrowing Credential, mustBeStored: Bool = true, until deadline: Deadline
  ) throws(TokenError) -> Token {
    let account = credential.account
    let start = clock.now()
    let held = try acquired(account, until: deadline)
    defer { withExtendedLifetime(held) {} }
    let token: Token
    do {
      token = try RetryPolicy(clock: clock, held: held).issue(
        from: issuer, for: credential, since: start, until: deadline)
    } catch {
      throw .issuer(error, account)
    }
    do {
      try store.store(credential)
    } catch {
      guard !mustBeStored else { throw .keyring(error) }
      report(.accountNotStored(error))
      checked(cache.store(token, of: account, at: clock.now()))
      return token
    }
    setDefault(account)
    save(token, of: account, held, mayPrompt: true)
    return token
  }

  /// Stores `credential` without asking METI, and removes the account's token, so that the next call
  /// shows whether the credential is right.
  public func storeUnverified(
    _ credential: borrowing Credential, until deadline: Deadline
  ) throws(TokenError) {
    let account = credential.account
    let held = try acquired(account, until: deadline)
    defer { withExtendedLifetime(held) {} }
    try asking(try store.store(credential))
    held.update(at: clock.now()) { state in
      state.backOff = nil
      state.clearRejection(of: credential.fingerprint)
    }
    setDefault(account)
    checked(cache.remove(account))
    _ = try asking(try store.removeToken(of: account))
  }

  /// Makes a stored account the default of its API. Locked items count only if it is none of the
  /// others.
  /// - Throws: ``TokenError/noAccount(_:)`` if it is not stored.
  public func makeDefault(_ account: Account) throws(TokenError) {
    var stored = try asking(try store.accounts(at: account.api))
    if stored.locked > 0, !stored.contains(account) {
      try asking(try store.unlock(.named(account)))
      stored = try asking(try store.accounts(at: account.api))
    }
    guard stored.contains(account) else { throw .noAccount(.named(account)) }
    do { try defaults.set(account) } catch { throw .defaultAccount(error) }
  }

  /// Removes the account's token and, unless `tokenOnly`, its credential.
  /// - Returns: whether there was anything to remove.
  /// - Throws: ``TokenError/keyring(_:)`` if something may be left.
  public func logOut(
    _ account: Account, tokenOnly: Bool, until deadline: Deadline
  ) throws(TokenError) -> Bool {
    let held = try acquired(account, until: deadline)
    defer { withExtendedLifetime(held) {} }
    var isAnyRemoved = checked(cache.remove(account)) != .nothing
    held.write("")
    if try asking(try store.removeToken(of: account)) { isAnyRemoved = true }
    guard !tokenOnly else { return isAnyRemoved }
    if try asking(try store.removeCredential(of: account)) { isAnyRemoved = true }
    if defaultAccount(at: account.api) == account { removeDefault(at: account.api) }
    return isAnyRemoved
  }

  /// Removes every account of `api`, or every token, in the store and in the cache. If one account
  /// cannot be removed, the others are removed all the same.
  /// - Parameter removed: receives the name of each account that is gone.
  /// - Throws: the first failure, after all has been tried.
  public func logOutAll(
    at api: APIURL, tokensOnly: Bool, until deadline: Deadline, removed: (Account) -> Void
  ) throws(TokenError) {
    // Also tokens without an account, and if the keyring fails.
    defer { checked(cache.removeAll(at: api)) }
    var first: TokenError?
    for name in try asking(try store.accounts(at: api)).names {
      guard let account = try? Account(name: name, api: api) else { continue }
      do {
        if try logOut(account, tokenOnly: tokensOnly, until: deadline) { removed(account) }
      } catch {
        // Whoever declined one prompt is not asked about the others.
        if error.isByUser { throw error }
        first = first ?? error
      }
    }
    if let first { throw first }
    // Also tokens without an account, and accounts whose name is not legal.
    _ = try asking(try store.removeAll(at: api, tokensOnly: tokensOnly))
    if !tokensOnly { removeDefault(at: api) }
  }

  /// Removes the account's token if `isMeant` says so of it, so that a newer token, stored by another
  /// process meanwhile, stays. The cache comes first, so that it loses the token even if the store fails.
  /// - Returns: whether anything was removed.
  public func reject(
    _ account: Account, until deadline: Deadline, where isMeant: (borrowing Secret) -> Bool
  ) throws(TokenError) -> Bool {
    let held = try acquired(account, until: deadline)
    defer { withExtendedLifetime(held) {} }
    // A token that cannot be read may still be there.
    var mayBeCached = true
    if let cached = cache.find(account, at: clock.now()) { mayBeCached = isMeant(cached.secret) }
    let isRemoved = mayBeCached && checked(cache.remove(account)) == .done
    guard let stored = try asking(try store.token(of: account)), isMeant(stored.secret) else {
      return isRemoved
    }
    return try asking(try store.removeToken(of: account)) || isRemoved
  }

  private func acquired(
    _ account: Account, until deadline: Deadline
  ) throws(TokenError) -> any HeldLock {
    guard let held = try acquire(account, until: deadline) else { throw .busy }
    return held
  }

  private func setDefault(_ account: Account) {
    do { try defaults.set(account) } catch { report(.defaultNotWritten(error)) }
  }

  private func removeDefault(at api: APIURL) {
    do { try defaults.remove(at: api) } catch { report(.defaultNotWritten(error)) }
  }
}

extension TokenError {
  /// Whether the user declined a prompt, or did not answer it.
  fileprivate var isByUser: Bool {
    guard case .keyring(let error) = self else { return false }
    return [.dismissed, .promptOpen].contains(error.kind)
  }
}
