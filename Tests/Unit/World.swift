import MetiToken

/// A renewal among its fakes, and what came of it in values that can be compared.
final class World {
  let clock = FakeClock()
  let cache = FakeCache()
  let store = FakeStore()
  let defaults = FakeDefaults()
  let issuer: FakeIssuer
  let lock: FakeLock
  private(set) var warnings: [Warning] = []
  var waits: [String] = []

  lazy var renewal = Renewal(
    cache: cache, store: store, defaults: defaults, issuer: issuer, locks: lock, clock: clock,
    report: { [unowned self] in warnings.append($0) },
    wait: { [unowned self] in waits.append($0) })

  /// Anna is logged in and the default, without a token.
  init() {
    issuer = FakeIssuer(clock)
    lock = FakeLock(clock)
    log(in: .anna)
    defaults.name = Account.anna.name
  }

  func log(in account: Account, rejection: Rejection? = nil) {
    store.bodies["credential \(account.name)"] = text(
      Credential.password("secret", of: account, rejection: rejection).stored())
  }

  func put(inKeyring token: borrowing Token) {
    store.bodies["token \(token.account)"] = text(token.stored())
  }

  func put(inKernel token: borrowing Token) {
    _ = cache.store(token, of: .named(token.account), at: clock.now())
  }

  func put(inBoth token: borrowing Token) {
    put(inKeyring: token)
    put(inKernel: token)
  }

  /// Lets another process hold the lock for so long, and do this at the end.
  func holdLock(for milliseconds: Int64, _ act: @escaping () -> Void = {}) {
    lock.isHeld = true
    clock.after(milliseconds) { [lock] in
      act()
      lock.isHeld = false
    }
  }

  /// The token of a call with thirty seconds of time.
  func token(
    of account: Account? = nil, atLeast asked: Int64? = nil, mustBeNew: Bool = false,
    within limit: Int64 = 30 * second
  ) -> Result<String, TokenError> {
    let request = TokenRequest(
      selector: account.map { .named($0) } ?? anyone, minimumValidity: asked,
      mustBeNew: mustBeNew)
    return result { () throws(TokenError) in
      let deadline = Deadline(limit, from: clock.now())
      return text(try renewal.token(for: request, until: deadline).secret)
    }
  }

  func login(
    _ account: Account, _ password: String = "new secret", mustBeStored: Bool = true
  ) -> Result<String, TokenError> {
    result { () throws(TokenError) in
      text(
        try renewal.logIn(
          .password(password, of: account), mustBeStored: mustBeStored, until: deadline
        ).secret)
    }
  }

  func storeUnverified(_ account: Account, _ password: String = "new secret") -> TokenError? {
    failure { () throws(TokenError) in
      try renewal.storeUnverified(.password(password, of: account), until: deadline)
    }
  }

  func logout(_ account: Account, tokenOnly: Bool = false) -> Result<Bool, TokenError> {
    result { () throws(TokenError) in
      try renewal.logOut(account, tokenOnly: tokenOnly, until: deadline)
    }
  }

  /// - Parameter token: any one if `nil`.
  func reject(_ account: Account, _ token: String?) -> Result<Bool, TokenError> {
    result { () throws(TokenError) in
      try renewal.reject(account, until: deadline) { found in
        token.map { text(found) == $0 } ?? true
      }
    }
  }

  func result<Success>(
    _ body: () throws(TokenError) -> Success
  ) -> Result<Success, TokenError> {
    do { return .success(try body()) } catch { return .failure(error) }
  }

  var deadline: Deadline { Deadline(30 * second, from: clock.now()) }

  /// The tokens in the kernel cache, by the names of their accounts.
  var kernel: [String: String] {
    var tokens: [String: String] = [:]
    for (key, body) in cache.bodies {
      let lines = body.split(separator: "\n")
      tokens[String(key.split(separator: "#")[1])] = String(lines[1])
    }
    return tokens
  }

  /// The first line of an item of the keyring.
  func keyring(_ item: String) -> String? {
    store.bodies[item].map { String($0.prefix { !$0.isNewline }) }
  }
}
