import ArgumentParser
import FoundationEssentials
import KernelCache
import Keyring
import MetiToken
import TokenEndpoint

struct StatusCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "status",
    abstract: "Show what is stored, for whom, and for how long it is valid.",
    usage: "meti-token status [--account <e-mail>] [--json] [<options>]",
    discussion: "Asks neither METI nor you, and shows no secret.")

  @OptionGroup var account: AccountOption

  @Flag(help: "Print JSON.")
  var json = false

  @OptionGroup var common: CommonOptions

  func run() throws {
    // What is in the kernel is told even where nothing more is kept there.
    let call = try Call(common.settings(account: account.account, noPrompt: true), forgets: true)
    let report = try StatusReport(call)
    try Output.write(json ? try report.json() : report.text)
  }
}

/// What is stored, as far as it can be seen without asking anybody.
struct StatusReport: Encodable {
  let apiURL: String
  let accounts: [Entry]

  struct Entry: Encodable {
    let account: String
    let isDefault: Bool
    /// `nil` where the keyring cannot be asked.
    let hasPassword: Bool?
    /// That the password which is stored cannot be read; `nil` where it can.
    var isUnreadable: Bool?
    /// Where the password is: `keyring` or `environment`; `nil` where that is not known.
    let passwordPlace: String?
    /// Seconds since 1970 UTC at which METI refused the stored password.
    let refusedOn: Int64?
    /// What ends that; not for programs.
    let remedy: String
    let token: Held?

    enum CodingKeys: String, CodingKey {
      case account
      case isDefault = "default"
      case hasPassword = "password_stored"
      case isUnreadable = "password_unreadable"
      case passwordPlace = "password_in"
      case refusedOn = "refused_on"
      case token
    }
  }

  struct Held: Encodable {
    let expiresOn: Int64
    let expiresAt: String
    /// Negative once it is over.
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

  /// What the token itself says of its owner.
  struct Claims: Encodable {
    let accountID: String?
    let role: String?
    let clientName: String?
    let subject: String?
    /// That it was read only: the signature is METI's to check.
    let isVerified = false

    enum CodingKeys: String, CodingKey {
      case accountID = "account_id"
      case role
      case clientName = "client_name"
      case subject = "sub"
      case isVerified = "verified"
    }
  }

  enum CodingKeys: String, CodingKey {
    case apiURL = "api_url"
    case accounts
  }

  /// - Throws: where nothing is stored, and where the keyring cannot say and the kernel tier knows
  ///   nothing either.
  init(_ call: Call) throws(Failure) {
    apiURL = call.selector.api.text
    do {
      accounts = try Self.entries(call)
    } catch {
      guard let entry = Self.cachedEntry(call) else { throw Failure(error) }
      Voice.warning(Failure.words(error.kind).message)
      accounts = [entry]
    }
    guard !accounts.isEmpty else { throw Failure(.noAccount(call.selector)) }
  }

  private static func entries(_ call: Call) throws(KeyringError) -> [Entry] {
    let api = call.selector.api
    let chosen = try defaultName(call)
    let (names, areAll) = try call.store.readableAccounts(at: api)
    var entries: [Entry] = []
    for name in names where call.selector.allows(name) {
      guard let account = try? Account(name: name, api: api) else { continue }
      let isDefault =
        name.isSameName(as: chosen) || (chosen == nil && names.count == 1 && areAll)
      entries.append(try entry(account, isDefault: isDefault, call))
    }
    if !areAll {
      // What was asked for may be among the locked ones.
      if entries.isEmpty { _ = try call.store.accounts(at: api) }
      if call.selector.name == nil { Voice.warning(someAreLocked) }
    }
    return entries
  }

  static let someAreLocked = "the keyring is locked in part; what is locked is not shown"

  private static func entry(
    _ account: Account, isDefault: Bool, _ call: Call
  ) throws(KeyringError) -> Entry {
    var held: [Finding] = []
    if let token = call.cache.find(AccountSelector(account), at: call.clock.now()) {
      held.append(Finding("kernel", token))
    }
    do {
      if let token = try call.store.token(of: account) { held.append(Finding("keyring", token)) }
    } catch {
      switch error.kind {
      case .locked, .damagedToken: Voice.warning(Failure.words(error.kind).message)
      default: throw error
      }
    }
    var refusedOn: Int64?
    var remedy = Failure.correctEnvironment
    var isUnreadable: Bool?
    do {
      if let credential = try call.store.credential(of: account) {
        refusedOn = credential.refusedOn ?? call.lock.refusal(of: credential, at: call.clock.now())
        if !call.isFromEnvironment { remedy = Failure.logInAgain(account, credential.grant) }
      }
    } catch  where error.kind.isOfOneItem || error.kind == .locked {
      Voice.warning(
        "the password of \(account.name) cannot be read: \(Failure.words(error.kind).message)")
      isUnreadable = true
    }
    return Entry(
      account: account.name, isDefault: isDefault, hasPassword: true, isUnreadable: isUnreadable,
      passwordPlace: call.isFromEnvironment ? "environment" : "keyring", refusedOn: refusedOn,
      remedy: remedy, token: Held(held, at: call.clock.now()))
  }

  private static func cachedEntry(_ call: Call) -> Entry? {
    let now = call.clock.now()
    guard let token = call.cache.find(call.selector, at: now) else { return nil }
    return Entry(
      account: token.account, isDefault: call.selector.name == nil, hasPassword: nil,
      passwordPlace: nil, refusedOn: nil, remedy: "",
      token: Held([Finding("kernel", token)], at: now))
  }

  func json() throws(Failure) -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    do {
      return String(decoding: try encoder.encode(self), as: UTF8.self) + "\n"
    } catch {
      throw Failure(.bug, "the report cannot be written as JSON")
    }
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
private struct Finding {
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
    let said = [
      ("account", accountID), ("role", role), ("client", clientName), ("subject", subject),
    ].compactMap { name, value in value.map { "\(name) \($0)" } }
    return said.joined(separator: ", ") + " (read from the token, not verified)"
  }
}

extension StatusReport.Entry {
  fileprivate var passwordText: String {
    if let refusedOn {
      return "refused by METI on \(UTC.text(refusedOn)); \(remedy)"
    }
    guard hasPassword == true else { return "not known: the keyring cannot be asked" }
    if isUnreadable == true { return "stored in the keyring, which does not give it" }
    return passwordPlace == "keyring" ? "stored in the keyring" : "taken from the environment"
  }
}

extension StatusReport.Held {
  /// The longest-lived of what is held; `nil` where nothing is.
  fileprivate init?(_ held: [Finding], at now: Moment) {
    let left = { (finding: Finding) in finding.expiry.remaining(at: now) / 1000 }
    guard let longest = held.max(by: { left($0) < left($1) }) else { return nil }
    let expiresOn = longest.expiry.epochSeconds(at: now)
    self.init(
      expiresOn: expiresOn, expiresAt: UTC.text(expiresOn), expiresIn: left(longest),
      places: held.map(\.place), claims: longest.owner.map(StatusReport.Claims.init))
  }

  fileprivate var text: String {
    guard expiresIn > 0 else { return "expired; the next call renews it" }
    let places = places.joined(separator: " and ")
    return "valid for \(Spoken.duration(expiresIn)) (until \(expiresAt)), in the \(places)"
  }
}
