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

    fileprivate var text: String {
      guard expiresIn > 0 else { return "expired; the next call renews it" }
      let places = self.in.joined(separator: " and ")
      return "valid for \(DurationText.of(expiresIn)) (until \(expiresAt)), in the \(places)"
    }

    fileprivate var claimsLine: String {
      guard let claims else { return "" }
      let text = claims.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }
      return "  claims:   \(text.joined(separator: ", ")) (read from the token, not verified)\n"
    }
  }

  static func lockedText(_ count: Int) -> String {
    "the keyring is locked in part: \(count) locked \(count == 1 ? "item is" : "items are") not shown"
  }

  /// - Throws: if nothing is stored, and if the keyring cannot be read and nothing is cached.
  init(_ call: Call) throws {
    let selector = call.selector
    apiURL = selector.api.text
    if let token = try call.handedIn() {
      var entry = Entry(account: token.account, password: .none)
      entry.add(token, in: "environment", at: call.clock.now())
      accounts.append(entry)
    }
    do throws(KeyringError) {
      try addStored(call)
    } catch {
      let name = selector.name ?? call.renewal.defaultAccount(at: selector.api)?.name
      if let account = name.flatMap({ try? Account(name: $0, api: selector.api) }) {
        let entry = Self.entry(account, isDefault: selector.name == nil, .unknown, call)
        if entry.token != nil { accounts.append(entry) }
      }
      guard !accounts.isEmpty else { throw error }
      Console.warning(Failure(error).message)
    }
    guard !accounts.isEmpty else { throw TokenError.noAccount(selector) }
  }

  private mutating func addStored(_ call: Call) throws(KeyringError) {
    let (selector, stored) = (call.selector, try call.store.accounts(at: call.selector.api))
    let chosen = call.defaultName(among: stored)
    var entries: [Entry] = []
    for name in stored.names where selector.allows(name) {
      guard let account = try? Account(name: name, api: selector.api) else { continue }
      let password = call.isFromEnvironment ? Password.environment : .keyring
      var entry = Self.entry(account, isDefault: name.isSameName(as: chosen), password, call)
      try entry.read(account, call)
      entries.append(entry)
    }
    if stored.locked > 0 {
      // The selected account may be among the locked ones.
      guard !entries.isEmpty else { throw KeyringError(.locked) }
      if selector.name == nil { Console.warning(Self.lockedText(stored.locked)) }
    }
    accounts += entries
  }

  /// The account with the kernel's token.
  private static func entry(
    _ account: Account, isDefault: Bool, _ password: Password, _ call: Call
  ) -> Entry {
    let now = call.clock.now()
    var entry = Entry(account: account.name, default: isDefault, password: password)
    if let token = call.cache.find(account, at: now) { entry.add(token, in: "kernel", at: now) }
    return entry
  }

  var text: String {
    accounts.map { entry in
      """
      \(entry.account.escapedForTerminal())\(entry.default ? " (default)" : "")
        API:      \(apiURL)
        password: \(entry.passwordText)
        token:    \(entry.token?.text ?? "none")
      \(entry.token?.claimsLine ?? "")
      """
    }.joined()
  }
}

extension StatusReport.Entry {
  /// Adds what the store has, and warns about what cannot be read.
  fileprivate mutating func read(_ account: Account, _ call: Call) throws(KeyringError) {
    func warn(_ what: String, _ error: KeyringError) throws(KeyringError) {
      guard [.locked, .damaged, .vanished].contains(error.kind) else { throw error }
      let reason = Failure(error).message
      Console.warning("the \(what) of \(account.name) cannot be read: \(reason)")
    }
    do {
      if let token = try call.store.token(of: account) {
        add(token, in: "keyring", at: call.clock.now())
      }
    } catch {
      try warn("token", error)
    }
    do {
      if let credential = try call.store.credential(of: account) {
        let state = call.locks.state(of: account)
        rejectedOn = state.rejection(of: credential, at: call.clock.now())?.on
        hint = rejectedOn.map { _ in Failure.remedy(account) }
      }
    } catch {
      try warn("password", error)
      password = .unreadable
    }
  }
}
