import MetiToken
import TokenEndpoint

/// What is stored, as far as it can be read without a prompt.
struct StatusReport: Encodable {
  let apiURL: String
  let accounts: [Entry]

  enum CodingKeys: String, CodingKey {
    case apiURL = "api_url"
    case accounts
  }

  struct Entry: Encodable {
    let account: String
    let isDefault: Bool
    /// `nil` if the keyring cannot be read.
    var hasPassword: Bool?
    /// True if the stored password cannot be read; `nil` if it can.
    var isUnreadable: Bool?
    /// `keyring` or `environment`; `nil` if that is unknown.
    var passwordPlace: String?
    /// When METI rejected the stored password, in seconds since 1970 UTC.
    var rejectedOn: Int64?
    /// What ends the rejection; not for programs.
    var remedy = ""
    let token: StoredToken?

    enum CodingKeys: String, CodingKey {
      case account
      case isDefault = "default"
      case hasPassword = "password_stored"
      case isUnreadable = "password_unreadable"
      case passwordPlace = "password_in"
      case rejectedOn = "rejected_on"
      case token
    }
  }

  struct StoredToken: Encodable {
    let expiresOn: Int64
    let expiresAt: String
    /// Not positive once it has expired.
    let expiresIn: Int64
    /// `kernel`, `keyring`.
    let places: [String]
    let claims: Claims?

    enum CodingKeys: String, CodingKey {
      case expiresOn = "expires_on"
      case expiresAt = "expires_at"
      case expiresIn = "expires_in"
      case places = "in"
      case claims
    }
  }

  /// What the token itself says about its owner.
  struct Claims: Encodable {
    let accountID: String?
    let role: String?
    let clientName: String?
    let subject: String?
    /// The signature is METI's to check.
    let isVerified = false

    enum CodingKeys: String, CodingKey {
      case accountID = "account_id"
      case role
      case clientName = "client_name"
      case subject = "sub"
      case isVerified = "verified"
    }
  }

  static func lockedText(_ count: Int) -> String {
    "the keyring is locked in part: \(count) locked \(count == 1 ? "item is" : "items are") not shown"
  }

  /// - Throws: if nothing is stored, and if the keyring cannot be read and nothing is cached.
  init(_ call: Call) throws {
    apiURL = call.selector.api.text
    let handedIn = try Self.handedInEntry(call)
    do throws(KeyringError) {
      accounts = [handedIn].compactMap { $0 } + (try Self.entries(call))
    } catch {
      guard let entry = handedIn ?? Self.cachedEntry(call) else { throw Failure(error) }
      Console.warning(FailureText.of(error.kind).message)
      accounts = [entry]
    }
    guard !accounts.isEmpty else { throw Failure(TokenError.noAccount(call.selector)) }
  }

  private static func entries(_ call: Call) throws(KeyringError) -> [Entry] {
    let api = call.selector.api
    let stored = try call.store.accounts(at: api)
    let chosen = call.defaultName(among: stored)
    var entries: [Entry] = []
    for name in stored.names where call.selector.allows(name) {
      guard let account = try? Account(name: name, api: api) else { continue }
      entries.append(try entry(account, isDefault: name.isSameName(as: chosen), call))
    }
    if stored.locked > 0 {
      // The selected account may be among the locked ones.
      guard !entries.isEmpty else { throw KeyringError(.locked) }
      if call.selector.name == nil { Console.warning(lockedText(stored.locked)) }
    }
    return entries
  }

  private static func entry(
    _ account: Account, isDefault: Bool, _ call: Call
  ) throws(KeyringError) -> Entry {
    let now = call.clock.now()
    var found: [FoundToken] = []
    if let token = call.cache.find(account, at: now) { found.append(FoundToken("kernel", token)) }
    do {
      if let token = try call.store.token(of: account) {
        found.append(FoundToken("keyring", token))
      }
    } catch {
      guard [.locked, .damaged].contains(error.kind) else { throw error }
      Console.warning(
        "the token of \(account.name) cannot be read: \(FailureText.of(error.kind).message)")
    }
    var entry = Entry(
      account: account.name, isDefault: isDefault, hasPassword: true,
      passwordPlace: call.isFromEnvironment ? "environment" : "keyring",
      token: StoredToken(found, at: now))
    do {
      if let credential = try call.store.credential(of: account) {
        let rejection =
          credential.rejection
          ?? call.locks.state(of: account).rejection(of: credential.fingerprint, at: now)
        entry.rejectedOn = rejection?.on
        entry.remedy =
          call.isFromEnvironment
          ? FailureText.correctEnvironment
          : "log in with: \(LoginLine.storing(account, credential.grant))"
      }
    } catch {
      guard [.locked, .damaged, .vanished].contains(error.kind) else { throw error }
      Console.warning(
        "the password of \(account.name) cannot be read: \(FailureText.of(error.kind).message)")
      entry.isUnreadable = true
    }
    return entry
  }

  /// Of the token in `METI_TOKEN`, if a default call would use it.
  private static func handedInEntry(_ call: Call) throws -> Entry? {
    guard let token = try call.handedIn() else { return nil }
    return Entry(
      account: token.account, isDefault: false, hasPassword: false,
      token: StoredToken([FoundToken("environment", token)], at: call.clock.now()))
  }

  private static func cachedEntry(_ call: Call) -> Entry? {
    let (now, api) = (call.clock.now(), call.selector.api)
    let name = call.selector.name ?? call.renewal.defaultAccount(at: api)?.name
    guard let name, let account = try? Account(name: name, api: api),
      let token = call.cache.find(account, at: now)
    else { return nil }
    return Entry(
      account: name, isDefault: call.selector.name == nil,
      token: StoredToken([FoundToken("kernel", token)], at: now))
  }

  var text: String {
    accounts.map { entry in
      """
      \(entry.account.escapedForTerminal())\(entry.isDefault ? " (default)" : "")
        API:      \(apiURL)
        password: \(entry.passwordText)
        token:    \(entry.token?.text ?? "none")
      \(entry.token?.claims.map { "  claims:   \($0.text)\n" } ?? "")
      """
    }.joined()
  }
}

/// A token where it was found.
private struct FoundToken {
  let place: String
  let expiry: Expiry
  let owner: TokenOwner?

  init(_ place: String, _ token: borrowing Token) {
    self.place = place
    expiry = token.expiry
    owner = WebToken.owner(token.secret)
  }
}

extension StatusReport.Claims {
  fileprivate init(_ owner: TokenOwner) {
    self.init(
      accountID: owner.accountID, role: owner.role, clientName: owner.clientName,
      subject: owner.subject)
  }

  fileprivate var text: String {
    let claims = [
      ("account", accountID), ("role", role), ("client", clientName), ("subject", subject),
    ].compactMap { name, value in value.map { "\(name) \($0)" } }
    return claims.joined(separator: ", ") + " (read from the token, not verified)"
  }
}

extension StatusReport.Entry {
  fileprivate var passwordText: String {
    if let rejectedOn {
      return "rejected by METI on \(UTC.text(rejectedOn)); \(remedy)"
    }
    guard let hasPassword else { return "unknown: the keyring cannot be read" }
    guard hasPassword else { return "none" }
    if isUnreadable == true { return "stored in the keyring, but not readable" }
    return passwordPlace == "keyring" ? "stored in the keyring" : "taken from the environment"
  }
}

extension StatusReport.StoredToken {
  /// The one that lives longest; `nil` if there is none.
  fileprivate init?(_ found: [FoundToken], at now: Moment) {
    let left = { (token: FoundToken) in token.expiry.remaining(at: now) / 1000 }
    guard let longest = found.max(by: { left($0) < left($1) }) else { return nil }
    let expiresOn = longest.expiry.epochSeconds(at: now)
    self.init(
      expiresOn: expiresOn, expiresAt: UTC.text(expiresOn), expiresIn: left(longest),
      places: found.map(\.place), claims: longest.owner.map(StatusReport.Claims.init))
  }

  fileprivate var text: String {
    guard expiresIn > 0 else { return "expired; the next call renews it" }
    let places = places.joined(separator: " and ")
    return "valid for \(DurationText.of(expiresIn)) (until \(expiresAt)), in the \(places)"
  }
}
