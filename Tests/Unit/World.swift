import MetiToken

/// A renewal among its fakes, and what came of it in values that can be compared.
final class World {
  let clock = FakeClock()
  let cache = FakeCache()
  let store = FakeStore()
  let issuer = FakeIssuer()
  let lock = FakeLock()
  private(set) var warnings: [Warning] = []

  lazy var renewal = Renewal(
    cache: cache, store: store, issuer: issuer, lock: lock, clock: clock,
    report: { [unowned self] in warnings.append($0) })

  /// Anna is logged in and the default, without a token.
  init() {
    log(in: .anna)
    store.bodies["default"] = Account.anna.name
  }

  func log(in account: Account, refusedOn: Int64? = nil) {
    store.bodies["credential \(account.name)"] = text(
      Credential.password("secret", of: account, refusedOn: refusedOn).stored())
  }

  func put(inKeyring token: borrowing Token) {
    store.bodies["token \(token.account)"] = text(token.stored())
  }

  func put(inKernel token: borrowing Token, as selector: AccountSelector) {
    cache.bodies[selector.keyDescription] = text(token.stored())
  }

  /// The token of a call with thirty seconds of time.
  func token(
    of account: Account? = nil, atLeast asked: Int64? = nil, mustBeNew: Bool = false
  ) -> Result<String, TokenError> {
    let request = TokenRequest(
      selector: AccountSelector(api: .standard, name: account?.name),
      validity: MinimumValidity(asked: asked), mustBeNew: mustBeNew)
    do throws(TokenError) {
      return .success(text(try renewal.token(for: request, until: deadline).secret))
    } catch {
      return .failure(error)
    }
  }

  /// The first token of a login; an empty text where METI was not asked.
  func login(
    _ account: Account, _ password: String = "new secret", isVerified: Bool = true,
    mustBeKept: Bool = true
  ) -> Result<String, TokenError> {
    let credential = Credential.password(password, of: account)
    do throws(TokenError) {
      let token = try renewal.enrol(
        credential, isVerified: isVerified, mustBeKept: mustBeKept, until: deadline)
      guard let token else { return .success("") }
      return .success(text(token.secret))
    } catch {
      return .failure(error)
    }
  }

  func logout(_ account: Account, tokenOnly: Bool = false) -> Result<Bool, TokenError> {
    do throws(TokenError) {
      return .success(try renewal.forget(account, tokenOnly: tokenOnly, until: deadline))
    } catch {
      return .failure(error)
    }
  }

  func reject(_ account: Account, _ token: String?) -> Result<Bool, TokenError> {
    do throws(TokenError) {
      guard let token else {
        return .success(try renewal.reject(account, token: nil, until: deadline))
      }
      let secret: Secret? = Secret(copying: token)
      return .success(try renewal.reject(account, token: secret, until: deadline))
    } catch {
      return .failure(error)
    }
  }

  var deadline: Deadline { Deadline(30 * second, from: clock.now()) }

  /// The tokens that the kernel tier holds, by the names of their keys after the API.
  var kernel: [String: String] {
    var tokens: [String: String] = [:]
    for (key, body) in cache.bodies {
      let name = key.dropFirst(AccountSelector(api: .standard, name: nil).keyDescription.count)
      tokens[String(name)] = firstLine(body)
    }
    return tokens
  }

  /// The first line of an item of the keyring.
  func keyring(_ item: String) -> String? { store.bodies[item].map(firstLine) }

  private func firstLine(_ body: String) -> String {
    String(body.prefix { !$0.isNewline })
  }
}

extension IssuerError {
  static let refusal = IssuerError.refused(.init(status: 401))

  static func trouble(
    retryAfter: Int64? = nil, isTransient: Bool = true
  ) -> IssuerError {
    .unavailable(
      .init(reason: "METI is in trouble (503)", retryAfter: retryAfter, isTransient: isTransient))
  }
}

let anyone = AccountSelector(api: .standard, name: nil)
