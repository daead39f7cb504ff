import MetiToken
import TokenEndpoint

/// What is stored, as far as it can be read without a prompt. Its names are those of `--json`.
struct StatusReport: Encodable {
  let apiURL: String
  private(set) var accounts: [Entry] = []

  struct Entry: Encodable {
    let account: String
    var `default` = false
    var password: Password
    /// When METI rejected the password, in seconds since 1970 UTC.
    var rejectedOn: Int64?
    /// What ends the rejection.
    var hint: String?
    /// As the place that a call looks into first has it.
    var token: StoredToken?

    mutating func add(_ found: borrowing Token, in place: String, at now: Moment) {
      token = token ?? StoredToken(found, at: now)
      token?.in.append(place)
    }
  }

  /// Where the password is.
  enum Password: String, Encodable {
    case keyring, environment, unreadable, none, unknown
  }

  struct StoredToken: Encodable {
    let expiresOn: Int64
    let expiresAt: String
    /// Not positive once it has expired.
    let expiresIn: Int64
    /// `kernel`, `keyring`, `environment`.
    var `in`: [String] = []
    /// What the token says about its owner: METI may check that, we do not.
    let claims: [String: String]?

    init(_ token: borrowing Token, at now: Moment) {
      expiresOn = token.expiry.epochSeconds(at: now)
      expiresAt = UTC.text(expiresOn)
      expiresIn = token.expiry.remaining(at: now) / 1000
      claims = WebToken(token.secret)?.owner
    }
  }

  static func lockedText(_ count: Int) -> String {
    "the keyring is locked in part: \(count) locked \(count == 1 ? "item is" : "items are") not shown"
  }

  /// - Throws: if nothing is stored, and if the keyring cannot be read and nothing is cached.
  init(_ call: Call) throws {
    let (selector, now) = (call.selector, call.clock.now())
    apiURL = selector.api.text
    if let token = try call.handedIn() {
      var entry = Entry(account: token.account, password: .none)
      entry.add(token, in: "environment", at: now)
      accounts.append(entry)
    }
    do throws(KeyringError) {
      accounts += try Self.stored(call)
    } catch {
      let name = selector.name ?? call.renewal.defaultAccount(at: selector.api)?.name
      if let account = name.flatMap({ try? Account(name: $0, api: selector.api) }),
        let token = call.cache.find(account, at: now)
      {
        var entry = Entry(
          account: account.name, default: selector.name == nil, password: .unknown)
        entry.add(token, in: "kernel", at: now)
        accounts.append(entry)
      }
      guard !accounts.isEmpty else { throw error }
      Console.warning(FailureText.of(error.kind).message)
    }
    guard !accounts.isEmpty else { throw TokenError.noAccount(selector) }
  }

  private static func stored(_ call: Call) throws(KeyringError) -> [Entry] {
    let (selector, stored) = (call.selector, try call.store.accounts(at: call.selector.api))
    let chosen = call.defaultName(among: stored)
    var entries: [Entry] = []
    for name in stored.names where selector.allows(name) {
      guard let account = try? Account(name: name, api: selector.api) else { continue }
      entries.append(try entry(account, isDefault: name.isSameName(as: chosen), call))
    }
    if stored.locked > 0 {
      // The selected account may be among the locked ones.
      guard !entries.isEmpty else { throw KeyringError(.locked) }
      if selector.name == nil { Console.warning(lockedText(stored.locked)) }
    }
    return entries
  }

  private static func entry(
    _ account: Account, isDefault: Bool, _ call: Call
  ) throws(KeyringError) -> Entry {
    let now = call.clock.now()
    var entry = Entry(
      account: account.name, default: isDefault,
      password: call.isFromEnvironment ? .environment : .keyring)
    func warn(_ what: String, _ error: KeyringError) throws(KeyringError) {
      guard [.locked, .damaged, .vanished].contains(error.kind) else { throw error }
      let reason = FailureText.of(error.kind).message
      Console.warning("the \(what) of \(account.name) cannot be read: \(reason)")
    }
    if let token = call.cache.find(account, at: now) {
      entry.add(token, in: "kernel", at: now)
    }
    do {
      if let token = try call.store.token(of: account) {
        entry.add(token, in: "keyring", at: now)
      }
    } catch {
      try warn("token", error)
    }
    do {
      if let credential = try call.store.credential(of: account) {
        entry.rejectedOn = call.rejection(of: credential)?.on
        entry.hint = entry.rejectedOn.map { _ in Failure.remedy(account) }
      }
    } catch {
      try warn("password", error)
      entry.password = .unreadable
    }
    return entry
  }

  var text: String {
    accounts.map { entry in
      """
      \(entry.account.escapedForTerminal())\(entry.default ? " (default)" : "")
        API:      \(apiURL)
        password: \(entry.passwordText)
        token:    \(entry.token?.text ?? "none")
      \(entry.token?.claims.map { "  claims:   \($0.text)\n" } ?? "")
      """
    }.joined()
  }
}

extension StatusReport.Entry {
  fileprivate var passwordText: String {
    if let rejectedOn { return "rejected by METI on \(UTC.text(rejectedOn)); \(hint ?? "")" }
    return switch password {
    case .keyring: "stored in the keyring"
    case .environment: "taken from the environment"
    case .unreadable: "stored in the keyring, but not readable"
    case .none: "none"
    case .unknown: "unknown: the keyring cannot be read"
    }
  }
}

extension StatusReport.StoredToken {
  fileprivate var text: String {
    guard expiresIn > 0 else { return "expired; the next call renews it" }
    let places = self.in.joined(separator: " and ")
    return "valid for \(DurationText.of(expiresIn)) (until \(expiresAt)), in the \(places)"
  }
}

extension [String: String] {
  fileprivate var text: String {
    let claims = sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }
    return claims.joined(separator: ", ") + " (read from the token, not verified)"
  }
}
