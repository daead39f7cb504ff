/// How a call comes to its token: the kernel tier, the keyring, a new one from METI.
public struct Renewal {
  let cache: any TokenCache
  let store: any CredentialStore
  let issuer: any TokenIssuer
  let lock: any AccountLock
  let clock: any Clock
  let report: (Warning) -> Void

  /// - Parameter report: is told of trouble that does not keep the token from being handed out.
  public init(
    cache: any TokenCache, store: any CredentialStore, issuer: any TokenIssuer,
    lock: any AccountLock, clock: any Clock, report: @escaping (Warning) -> Void
  ) {
    self.cache = cache
    self.store = store
    self.issuer = issuer
    self.lock = lock
    self.clock = clock
    self.report = report
  }

  /// A token that lives at least `request.validity` longer.
  public func token(
    for request: TokenRequest, until deadline: Deadline
  ) throws(TokenError) -> Token {
    let start = clock.now()
    if let token = cached(request, since: start) { return token }
    let shelf = cache.shelf(for: request.selector)
    do {
      return try uncached(request, since: start, until: deadline, shelf)
    } catch {
      if let shelf, error.isOfStore { cache.clear(shelf) }
      throw error
    }
  }

  private func uncached(
    _ request: TokenRequest, since start: Moment, until deadline: Deadline, _ shelf: Shelf?
  ) throws(TokenError) -> Token {
    let account = try account(for: request.selector)
    if let token = try stored(request, of: account, since: start, shelf) { return token }

    let held = try acquire(account, request, since: start, until: deadline)
    guard let held else {
      // Whoever held the lock has filled the kernel tier meanwhile.
      if let token = cached(request, since: start) { return token }
      return try token(for: request, until: deadline)
    }
    defer { withExtendedLifetime(held) {} }
    store.readAfresh()
    if let token = cached(request, of: account, since: start) { return token }
    // Under the lock nobody else takes the account's token back; but the default may be another.
    let standing =
      shelf == cache.shelf(for: request.selector)
      ? shelf : cache.shelf(for: AccountSelector(account))
    if let token = try stored(request, of: account, since: start, standing) { return token }
    return try renewed(request, of: account, since: start, until: deadline, held, standing)
  }

  /// The account that `selector` means.
  ///
  /// Without a name: the default, else the only one there is.
  public func account(for selector: AccountSelector) throws(TokenError) -> Account {
    let name =
      if let name = selector.name { name } else { try defaultName(at: selector.api) }
    do {
      return try Account(name: name, api: selector.api)
    } catch {
      throw .noAccount(selector)
    }
  }

  private func defaultName(at api: APIURL) throws(TokenError) -> String {
    if let name = try asking({ () throws(KeyringError) in try chosenName(at: api) }) {
      return name
    }
    let names = try namesToChooseFrom(at: api)
    guard let only = names.first else { throw .noAccount(AccountSelector(api: api, name: nil)) }
    guard names.count == 1 else { throw .noDefault(names) }
    return only
  }

  /// The name of the account that was made the default. Where the item that has it cannot be read
  /// that is reported, and none is named.
  public func chosenName(at api: APIURL) throws(KeyringError) -> String? {
    do {
      return try store.defaultAccount(at: api)
    } catch  where error.kind.isOfOneItem {
      report(.defaultNotRead(error))
      return nil
    }
  }

  /// What is locked, and would have to be asked for, counts only where nothing else is there.
  private func namesToChooseFrom(at api: APIURL) throws(TokenError) -> [String] {
    try asking { () throws(KeyringError) in
      let (names, areAll) = try store.readableAccounts(at: api)
      return names.isEmpty && !areAll ? try store.accounts(at: api) : names
    }
  }

  /// Asks the store, whose errors are told as they are.
  func asking<Result: ~Copyable>(
    _ question: () throws(KeyringError) -> Result
  ) throws(TokenError) -> Result {
    do { return try question() } catch { throw .keyring(error) }
  }

  /// - Parameter account: whom the selector means, where that is known: another call may have kept
  ///   a token under its name.
  private func cached(
    _ request: TokenRequest, of account: Account? = nil, since start: Moment
  ) -> Token? {
    let now = clock.now()
    let selector = account.map { AccountSelector($0) } ?? request.selector
    guard let token = cache.find(selector, at: now),
      request.accepts(token, since: start, at: now)
    else { return nil }
    return token
  }

  private func stored(
    _ request: TokenRequest, of account: Account, since start: Moment, _ shelf: Shelf?
  ) throws(TokenError) -> Token? {
    let token: Token?
    do {
      token = try store.token(of: account)
    } catch {
      // Another can be had, which the store will not put in the place of this one.
      guard case .damagedToken = error.kind else { throw .keyring(error) }
      return nil
    }
    guard let token, request.accepts(token, since: start, at: clock.now()) else { return nil }
    keep(token, on: shelf)
    return token
  }

  private func acquire(
    _ account: Account, _ request: TokenRequest, since start: Moment, until deadline: Deadline
  ) throws(TokenError) -> (any HeldLock)? {
    do {
      return try lock.acquire(account, until: deadline) {
        cached(request, since: start) != nil
      }
    } catch {
      throw .busy
    }
  }

  private func renewed(
    _ request: TokenRequest, of account: Account, since start: Moment, until deadline: Deadline,
    _ held: any HeldLock, _ shelf: Shelf?
  ) throws(TokenError) -> Token {
    let credential = try credential(of: account)
    if let on = refusal(of: credential, held) {
      throw .refusedBefore(account, credential.grant, on: on)
    }
    let token: Token
    do {
      token = try Patience(clock: clock, held: held).issue(
        from: issuer, for: credential, since: start, until: deadline)
    } catch {
      if case .refused = error { remember(refused: credential, held) }
      throw .issuer(error, account, credential.grant)
    }
    if !request.validity.canBeMet(byLifetime: token.lifetime) {
      report(.shortLife(seconds: token.lifetime))
    }
    save(token, of: account, on: shelf)
    return token
  }

  private func credential(of account: Account) throws(TokenError) -> Credential {
    let credential = try asking { () throws(KeyringError) in try store.credential(of: account) }
    guard let credential else { throw .noAccount(AccountSelector(account)) }
    return credential
  }

  /// When METI refused this very credential, in seconds since 1970 UTC.
  private func refusal(of credential: borrowing Credential, _ held: any HeldLock) -> Int64? {
    credential.refusedOn ?? held.note.refusal(of: credential.mark, at: clock.now())
  }

  /// Has nobody ask again with this credential. Where the store cannot keep that, the lock does for
  /// a while.
  private func remember(refused credential: borrowing Credential, _ held: any HeldLock) {
    let now = clock.now()
    if !store.isReadOnly {
      do {
        return try mark(refused: credential, at: now)
      } catch {
        report(.refusalNotKept(error))
      }
    }
    let mark = credential.mark
    if !held.revise({ $0.refuse(mark, at: now) }) { report(.refusalNotNoted) }
  }

  /// Marks the credential, if it is still the stored one: where no lock can be had, a login or a
  /// logout may have come between.
  private func mark(
    refused credential: borrowing Credential, at now: Moment
  ) throws(KeyringError) {
    let current = try store.credential(of: credential.account)
    guard let current, current.secret.equals(credential.secret) else { return }
    try store.store(credential.refused(at: now))
  }

  /// Keeps a new token in both tiers. The token is good whether or not that succeeds.
  func save(_ token: borrowing Token, of account: Account, on shelf: Shelf?) {
    dropOlder(of: account, than: shelf)
    keep(token, on: shelf)
    do {
      try store.store(token, of: account)
    } catch {
      report(.tokenNotKept(error))
    }
  }

  /// Drops what the kernel tier has of the account elsewhere, as the default's or under its name.
  private func dropOlder(of account: Account, than shelf: Shelf?) {
    for selector in [AccountSelector(account), AccountSelector(api: account.api, name: nil)]
    where selector != shelf?.selector {
      if let older = cache.find(selector, at: clock.now()),
        older.account.utf8.elementsEqual(account.name.utf8)
      {
        cache.drop(selector)
      }
    }
  }

  func keep(_ token: borrowing Token, on shelf: Shelf?) {
    if let shelf { cache.keep(token, on: shelf, at: clock.now()) }
  }
}

/// What a call asks for.
public struct TokenRequest: Sendable {
  public var selector: AccountSelector
  public var validity: MinimumValidity
  /// Only a token issued after the call began will do (`--force-refresh`).
  public var mustBeNew: Bool

  public init(
    selector: AccountSelector, validity: MinimumValidity = .standard, mustBeNew: Bool = false
  ) {
    self.selector = selector
    self.validity = validity
    self.mustBeNew = mustBeNew
  }

  func accepts(_ token: borrowing Token, since start: Moment, at now: Moment) -> Bool {
    token.satisfies(validity, issuedSince: mustBeNew ? start : nil, at: now)
  }
}

/// The clock and the pauses, so that tests need not wait.
public protocol Clock {
  func now() -> Moment
  /// Sleeps about `milliseconds`.
  func pause(_ milliseconds: Int64)
  /// A number in 0..<1, for jitter.
  func random() -> Double
}

/// Trouble beside a success.
public enum Warning: Equatable, Sendable {
  /// The keyring did not take the new token; the next call may have to ask METI again.
  case tokenNotKept(KeyringError)
  /// METI refused the credential and the keyring did not take note of it.
  case refusalNotKept(KeyringError)
  /// Nor did the lock: every call will ask METI again.
  case refusalNotNoted
  /// A first login was good and the keyring did not take the account.
  case accountNotKept(KeyringError)
  /// The item that names the default account cannot be read.
  case defaultNotRead(KeyringError)
  /// METI's tokens live this long, which is less than the validity that was asked for.
  case shortLife(seconds: Int64)
}

/// Why there is no token.
public enum TokenError: Error, Equatable {
  /// Nothing is stored for what was asked: no account at all, or not the one that was named.
  case noAccount(AccountSelector)
  /// Several accounts are stored and none is the default.
  case noDefault([String])
  case keyring(KeyringError)
  /// METI refused this stored credential before, at this time (seconds since 1970 UTC).
  case refusedBefore(Account, Credential.Grant = .password, on: Int64)
  case issuer(IssuerError, Account, Credential.Grant = .password)
  /// What would be stored of this account is longer than ``StoredBody/longest``.
  case tooLong(Account)
  /// Another process is renewing this account's token and takes longer than this call may wait.
  case busy

  /// Whether the store has no account that is meant, or cannot be asked: nothing will be kept then.
  var isOfStore: Bool {
    switch self {
    case .noAccount, .noDefault, .keyring: true
    default: false
    }
  }
}
