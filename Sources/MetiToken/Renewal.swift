/// How a call gets its token: from the cache, from the store, or a new one from METI.
public struct Renewal {
  let cache: any TokenCache
  let store: any CredentialStore
  let defaults: any DefaultAccounts
  let issuer: any TokenIssuer
  let lock: any AccountLock
  let clock: any Clock
  let report: (Warning) -> Void
  let step: (String) -> Void
  let wait: (Wait) -> Void

  /// - Parameters:
  ///   - report: receives trouble that does not keep the token from being handed out.
  ///   - step: receives what is done, for `--verbose`.
  ///   - wait: receives what a call has been waiting for, after a second.
  public init(
    cache: any TokenCache, store: any CredentialStore, defaults: any DefaultAccounts,
    issuer: any TokenIssuer, lock: any AccountLock, clock: any Clock,
    report: @escaping (Warning) -> Void, step: @escaping (String) -> Void = { _ in },
    wait: @escaping (Wait) -> Void = { _ in }
  ) {
    self.cache = cache
    self.store = store
    self.defaults = defaults
    self.issuer = issuer
    self.lock = lock
    self.clock = clock
    self.report = report
    self.step = step
    self.wait = wait
  }

  /// A token that meets `request`.
  ///
  /// Look: the cache, then the store. A token that still lives is handed out; if it should be
  /// refreshed, one caller tries that first. If only a new token will do: lock, look again, ask METI.
  public func token(
    for request: TokenRequest, until deadline: Deadline
  ) throws(TokenError) -> Token {
    let start = clock.now()
    let account = try account(for: request.selector)
    let search = Search(account: account, request: request, start: start, clock: clock)
    if let cached = cache.find(account, at: clock.now()) {
      switch search.need(cached) {
      case .none: return cached
      case .refresh, .due: return refresh(cached, search, lock.tryAcquire(account))
      case .required: break
      }
    }

    // What is read under the lock may be cached: whoever removes a token takes the lock first.
    var held = lock.tryAcquire(account)
    var current: Token?
    do {
      current = try stored(account, held)
    } catch {
      guard case .keyring(let reason) = error, reason.kind == .locked else { throw error }
      held = nil
      try asking { () throws(KeyringError) in try store.unlock(AccountSelector(account)) }
      current = try stored(account, held)
    }
    if let token = current.take() {
      switch search.need(token) {
      case .none: return token
      case .refresh, .due: return refresh(token, search, held)
      case .required: break
      }
    }

    if held == nil {
      held = try acquire(account, until: deadline) { hasToken(search, below: .required) }
      // Whoever held the lock has cached a token meanwhile.
      guard held != nil else { return try self.token(for: request, until: deadline) }
      if let token = found(search, try stored(account, held)) { return token }
    }
    guard let held else { throw .busy }
    let token = try renewed(search, until: deadline, held)
    if !request.canBeMet(by: token) { report(.shortLife(seconds: token.lifetime)) }
    return token
  }

  /// What one call looks for.
  struct Search {
    let account: Account
    let request: TokenRequest
    /// When the call began.
    let start: Moment
    let clock: any Clock

    func need(_ token: borrowing Token) -> RenewalNeed {
      request.need(of: token, since: start, at: clock.now())
    }
  }

  // MARK: Looking

  /// Whether a token is cached that needs less than `need`.
  private func hasToken(_ search: Search, below need: RenewalNeed) -> Bool {
    guard let cached = cache.find(search.account, at: clock.now()) else { return false }
    return search.need(cached) < need
  }

  /// The first of the cached and the stored token that will do.
  private func found(_ search: Search, _ stored: consuming Token?) -> Token? {
    if let cached = cache.find(search.account, at: clock.now()), search.need(cached) < .required {
      return cached
    }
    guard let stored, search.need(stored) < .required else { return nil }
    return stored
  }

  /// The token in the store; `nil` if it is absent, or cannot be read and is to be replaced.
  private func stored(
    _ account: Account, _ held: (any HeldLock)?
  ) throws(TokenError) -> Token? {
    let token: Token?
    do {
      token = try store.token(of: account)
    } catch {
      guard error.kind == .damaged else { throw .keyring(error) }
      return nil
    }
    guard let token else { return nil }
    if held != nil { _ = cache.store(token, of: account, at: clock.now()) }
    return token
  }

  // MARK: Refreshing ahead of time

  /// For a caller to wait for the lock, and for METI to answer, while the token still lives, in
  /// milliseconds.
  static let refreshLimit: Int64 = 3_000

  /// A new token if it is easily had, else `current`, which still lives. Never prompts, never fails.
  private func refresh(
    _ current: consuming Token, _ search: Search, _ held: (any HeldLock)?
  ) -> Token {
    let isDue = search.need(current) == .due
    let account = search.account
    do throws(TokenError) {
      var held = held
      if held == nil {
        // Another caller is refreshing it.
        guard isDue else { return current }
        held = try acquire(account, until: Deadline(Self.refreshLimit, from: clock.now())) {
          hasToken(search, below: .refresh)
        }
      }
      // Somebody may have been quicker.
      if let cached = cache.find(account, at: clock.now()), search.need(cached) == .none {
        return cached
      }
      guard let held else { return current }
      let now = clock.now()
      if let claim = held.state.refreshClaim, claim.isCurrent(at: now) {
        _ = cache.store(
          current.claimed(at: now, pause: claim.remaining(at: now)), of: account, at: now)
        return current
      }
      held.update { $0.refreshClaim = RefreshClaim(since: now, pause: current.times.pause) }
      _ = cache.store(current.claimed(at: now), of: account, at: now)
      if let stored = try stored(account, nil), search.need(stored) == .none {
        return cached(stored, account)
      }
      return try refreshed(search, held)
    } catch {
      if isDue { report(.notRenewed(error)) }
      return current
    }
  }

  private func refreshed(
    _ search: Search, _ held: any HeldLock
  ) throws(TokenError) -> Token {
    let credential = try usableCredential(of: search.account, held)
    let policy = RetryPolicy(clock: clock, held: held)
    let token: Token
    do throws(IssuerError) {
      token = try policy.issueOnce(
        from: issuer, for: credential,
        until: Deadline(Self.refreshLimit, from: clock.now()))
    } catch {
      if case .rejected(let answer) = error { recordRejection(answer, of: credential, held) }
      throw .issuer(error, search.account, credential.grant)
    }
    save(token, of: search.account, mayPrompt: false)
    return token
  }

  private func cached(_ token: consuming Token, _ account: Account) -> Token {
    _ = cache.store(token, of: account, at: clock.now())
    return token
  }

  // MARK: Renewing

  private func renewed(
    _ search: Search, until deadline: Deadline, _ held: any HeldLock
  ) throws(TokenError) -> Token {
    let credential = try usableCredential(of: search.account, held)
    // While the old token lives, a server that says nothing gets less time.
    let isAlive = cache.find(search.account, at: clock.now()) != nil
    let token: Token
    do throws(IssuerError) {
      token = try RetryPolicy(clock: clock, held: held).issue(
        from: issuer, for: credential, since: search.start, until: deadline,
        firstLimit: isAlive ? Self.refreshLimit : nil)
    } catch {
      if case .rejected(let answer) = error { recordRejection(answer, of: credential, held) }
      throw .issuer(error, search.account, credential.grant)
    }
    save(token, of: search.account, mayPrompt: true)
    return token
  }

  /// The credential, unless METI has rejected it.
  private func usableCredential(
    of account: Account, _ held: any HeldLock
  ) throws(TokenError) -> Credential {
    let found = try asking { () throws(KeyringError) in try store.credential(of: account) }
    guard let credential = found else { throw .noAccount(AccountSelector(account)) }
    let now = clock.now()
    let rejection =
      credential.rejection ?? held.state.rejection(of: credential.fingerprint, at: now)
    if let rejection, !rejection.mayRetry(at: now) {
      throw .rejectedBefore(account, credential.grant, rejection)
    }
    return credential
  }

  /// Keeps later calls from sending this credential again: by a mark in the store, else by one in the
  /// lock file.
  private func recordRejection(
    _ answer: IssuerError.Answer, of credential: borrowing Credential, _ held: any HeldLock
  ) {
    let now = clock.now()
    let fingerprint = credential.fingerprint
    let old = credential.rejection ?? held.state.rejection(of: fingerprint, at: now)
    let rejection = Rejection.next(after: old, isAmbiguous: answer.isAmbiguous, at: now)
    if !store.isReadOnly {
      do {
        // A login or logout may have come between, if nothing can be locked here.
        let stored = try store.credential(of: credential.account)
        guard let stored, stored.secret.equals(credential.secret) else { return }
        return try store.store(credential.rejected(rejection))
      } catch {
        report(.rejectionNotStored(error))
      }
    }
    let isWritten = held.update {
      $0.recordRejection(rejection, of: fingerprint, at: now)
    }
    if !isWritten { report(.rejectionNotRecorded) }
  }

  /// Stores a new token in both places. The token is good whether or not that succeeds.
  func save(_ token: borrowing Token, of account: Account, mayPrompt: Bool) {
    if cache.store(token, of: account, at: clock.now()) == .oldTokenRemains {
      report(.oldTokenCached)
    }
    do {
      try store.store(token, of: account, mayPrompt: mayPrompt)
    } catch {
      report(.tokenNotStored(error))
    }
  }

  func acquire(
    _ account: Account, until deadline: Deadline, unless isDone: () -> Bool = { false }
  ) throws(TokenError) -> (any HeldLock)? {
    let start = clock.now()
    var isReported = false
    do {
      return try lock.acquire(account, until: deadline) {
        if !isReported, clock.now().boot - start.boot > 1000 {
          isReported = true
          wait(.lock)
        }
        return isDone()
      }
    } catch {
      throw .busy
    }
  }

  /// Asks the store, whose errors are passed on as they are.
  func asking<Result: ~Copyable>(
    _ question: () throws(KeyringError) -> Result
  ) throws(TokenError) -> Result {
    do { return try question() } catch { throw .keyring(error) }
  }
}
