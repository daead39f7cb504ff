/// How a call gets its token: from the cache, from the store, or a new one from METI.
public struct Renewal {
  let cache: any TokenCache
  let store: any CredentialStore
  let defaults: any DefaultAccounts
  let issuer: any TokenIssuer
  let locks: any Locks
  let clock: any Clock
  let report: (Warning) -> Void
  let step: (String) -> Void
  let wait: (String) -> Void

  /// - Parameters:
  ///   - report: receives trouble that does not keep the token from being handed out.
  ///   - step: receives what is done, for `--verbose`.
  ///   - wait: receives what a call waits for, after a second.
  public init(
    cache: any TokenCache, store: any CredentialStore, defaults: any DefaultAccounts,
    issuer: any TokenIssuer, locks: any Locks, clock: any Clock,
    report: @escaping (Warning) -> Void, step: @escaping (String) -> Void = { _ in },
    wait: @escaping (String) -> Void = { _ in }
  ) {
    self.cache = cache
    self.store = store
    self.defaults = defaults
    self.issuer = issuer
    self.locks = locks
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
    let token = try token(
      Search(account: account, request: request, start: start, deadline: deadline))
    let left = token.expiry.remaining(at: clock.now()) / 1000
    step("the token of \(account.name) is valid for \(left) seconds")
    return token
  }

  private func token(_ search: Search) throws(TokenError) -> Token {
    if let token = cached(search) {
      step("found a token in the kernel keyring")
      return refresh(token, search, nil)
    }

    // What is read under the lock may be cached: whoever removes a token takes the lock first.
    var held = locks.tryAcquire(search.account)
    do throws(TokenError) {
      if let token = try found(search, held) { return refresh(token, search, held) }
    } catch {
      guard case .keyring(let reason) = error, reason.kind == .locked else { throw error }
      held = nil
      try asking(try store.unlock(.named(search.account)))
      if let token = try found(search, nil) { return refresh(token, search, nil) }
    }

    if held == nil {
      held = try acquire(search.account, until: search.deadline) { cached(search) != nil }
      // Whoever held the lock has cached a token meanwhile.
      guard held != nil else { return try token(search) }
      if let token = try found(search, held) { return token }
    }
    guard let held else { throw .busy }
    let token = try issued(search, held)
    if !search.request.canBeMet(by: token) { report(.shortLife(seconds: token.lifetime)) }
    return token
  }

  /// What one call looks for.
  struct Search {
    let account: Account
    let request: TokenRequest
    /// When the call began.
    let start: Moment
    let deadline: Deadline
  }

  private func need(_ token: borrowing Token, _ search: Search) -> RenewalNeed {
    search.request.need(of: token, since: search.start, at: clock.now())
  }

  // MARK: Looking

  /// The cached token, if this call needs less than `limit` for it.
  private func cached(_ search: Search, below limit: RenewalNeed = .required) -> Token? {
    guard let token = cache.find(search.account, at: clock.now()), need(token, search) < limit
    else { return nil }
    return token
  }

  /// The cached token or else the stored one, if it will do.
  private func found(
    _ search: Search, _ held: (any HeldLock)?
  ) throws(TokenError) -> Token? {
    if let token = cached(search) { return token }
    guard let token = try stored(search.account, held), need(token, search) < .required else {
      return nil
    }
    step("found a token in the desktop keyring")
    return token
  }

  /// The token in the store; `nil` if it is absent, or cannot be read and is to be replaced. Under the
  /// lock it is cached, unless the cache has a token that lives as long.
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
    let now = clock.now()
    let cached = cache.find(account, at: now)?.expiry.remaining(at: now) ?? .min
    if held != nil, cached < token.expiry.remaining(at: now) {
      _ = cache.store(token, of: account, at: now)
    }
    return token
  }

  // MARK: Refreshing ahead of time

  /// For a caller to wait for the lock, the keyring and METI while the token still lives, in
  /// milliseconds.
  static let refreshLimit: Int64 = 3_000

  /// `current`, which is still valid, or a new token if a refresh is due and succeeds. Never prompts,
  /// never fails.
  private func refresh(
    _ current: consuming Token, _ search: Search, _ held: (any HeldLock)?
  ) -> Token {
    let need = need(current, search)
    guard need > .none else { return current }
    do throws(TokenError) {
      if let new = try refreshed(current, search, held, isDue: need == .due) { return new }
    } catch {
      if need == .due { report(.notRenewed(error)) }
    }
    return current
  }

  /// A new token; `nil` if another caller refreshes the current one, or has just tried to.
  private func refreshed(
    _ current: borrowing Token, _ search: Search, _ held: (any HeldLock)?, isDue: Bool
  ) throws(TokenError) -> Token? {
    let account = search.account
    let start = clock.now()
    // The current token must outlive the attempt, also if the keyring does not answer.
    let limit = min(Self.refreshLimit, current.expiry.remaining(at: start) / 2)
    let rest = search.deadline.shorten(to: limit, from: start)
    defer { search.deadline.extend(by: rest) }
    var held = held ?? locks.tryAcquire(account)
    if held == nil, isDue {
      held = try acquire(account, until: search.deadline) {
        cached(search, below: .refresh) != nil
      }
    }
    if let token = cached(search, below: .refresh) { return token }
    guard let held else { return nil }
    let now = clock.now()
    let claimed = held.state.refreshClaim?.remaining(at: now) ?? 0
    let pause = claimed > 0 ? claimed : current.refreshPause
    if claimed == 0 {
      held.update(at: now) { $0.refreshClaim = BackOff(since: now, pause: pause) }
    }
    _ = cache.store(current.claimed(at: now, pause: pause), of: account, at: now)
    guard claimed == 0 else { return nil }
    if let token = try stored(account, held), need(token, search) == .none { return token }
    let token = try issued(search, held, isRefresh: true)
    // METI may hand out a token that lives less long than this call asks for.
    guard search.request.canBeMet(by: token), need(token, search) < .required else { return nil }
    return token
  }

  // MARK: Asking METI

  /// A new token.
  /// - Parameter isRefresh: makes one request and never prompts.
  private func issued(
    _ search: Search, _ held: any HeldLock, isRefresh: Bool = false
  ) throws(TokenError) -> Token {
    let credential = try usableCredential(search, held)
    step("requesting a new token for \(search.account.name)")
    let policy = RetryPolicy(clock: clock, held: held, wait: wait)
    // While the old token lives, a server that says nothing gets less time.
    let isAlive = cache.find(search.account, at: clock.now()) != nil
    let token: Token
    do {
      token = try policy.issue(
        from: issuer, for: credential, since: search.start, until: search.deadline,
        firstLimit: isAlive ? Self.refreshLimit : nil, isRefresh: isRefresh)
    } catch {
      if case .rejected(_, _, let isAmbiguous) = error {
        recordRejection(of: credential, isAmbiguous: isAmbiguous, held, mayPrompt: !isRefresh)
      }
      throw .issuer(error, search.account)
    }
    save(token, of: search.account, held, mayPrompt: !isRefresh)
    return token
  }

  /// Stores a new token in both places. The token is good whether or not that succeeds.
  /// - Parameter mayPrompt: false also keeps a failure of the store silent, as for a refresh.
  func save(
    _ token: borrowing Token, of account: Account, _ held: any HeldLock, mayPrompt: Bool
  ) {
    var isSaved = checked(cache.store(token, of: account, at: clock.now())) == .done
    do {
      try store.store(token, of: account, mayPrompt: mayPrompt)
      isSaved = true
    } catch {
      if mayPrompt { report(.tokenNotStored(error)) }
    }
    // A token that is saved nowhere is not asked for by every call.
    if isSaved { held.update(at: clock.now()) { $0.refreshClaim = nil } }
  }

  func acquire(
    _ account: Account, until deadline: Deadline, unless isDone: () -> Bool = { false }
  ) throws(TokenError) -> (any HeldLock)? {
    let start = clock.now()
    var isReported = false
    do {
      return try locks.acquire(account, until: deadline) {
        if !isReported, clock.now().boot - start.boot > 1000 {
          isReported = true
          wait("waiting for another meti-token that renews the same token")
        }
        return isDone()
      }
    } catch {
      throw .busy
    }
  }

  /// Reports it if an older token may stay in the cache.
  @discardableResult func checked(_ result: CacheResult) -> CacheResult {
    if result == .oldTokenRemains { report(.oldTokenCached) }
    return result
  }

  /// Asks the store, whose errors are passed on as they are.
  func asking<Result: ~Copyable>(
    _ question: @autoclosure () throws(KeyringError) -> Result
  ) throws(TokenError) -> Result {
    do { return try question() } catch { throw .keyring(error) }
  }
}
