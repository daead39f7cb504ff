import Glibc
import MetiToken
import System

/// The account of a server, a container or a CI job, which has no keyring: it comes from the
/// environment and is only read.
///
/// `METI_EMAIL` with a password, or `METI_CLIENT_ID` with a client secret, `METI_TOKEN_URL` and
/// `METI_AUDIENCE`. The secret comes from `METI_PASSWORD`, from the file that `METI_PASSWORD_FILE`
/// names, or from systemd's `$CREDENTIALS_DIRECTORY/meti-password` (systemd.exec(5), Credentials);
/// for clients likewise. Tokens are cached in the kernel, or not at all.
struct EnvironmentStore: CredentialStore {
  let own: Account
  let grant: Credential.Grant
  let source: SecretSource
  private let clock: any Clock
  private let deadline: Deadline

  /// The account that the environment brings; `nil` if it brings none, or another is selected.
  /// - Parameter deadline: of the call, which reading the secret is a part of.
  init?(for selector: AccountSelector, until deadline: Deadline, _ clock: any Clock) throws {
    guard let identity = Self.identity, selector.allows(identity.name),
      let source = Self.source(identity)
    else { return nil }
    own = try Account(name: identity.name, api: selector.api)
    grant = try identity.isClient ? Self.clientGrant() : .password
    self.source = source
    self.clock = clock
    self.deadline = deadline
  }

  /// Behind the name of the kernel key: a client's token depends on more than the account.
  var cacheSuffix: String {
    guard case .clientCredentials(let tokenURL, let audience, let scope) = grant else { return "" }
    return Fingerprint.of(tokenURL.text, audience, scope ?? "")
  }

  /// The file with the secret, if others may read it. systemd's own directory is closed to them.
  var exposedFile: String? {
    guard source.isExposed, case .file(let path) = source, !isSystemdCopy else { return nil }
    return path
  }

  /// Whether the file is in systemd's directory, which every start of the service creates again.
  private var isSystemdCopy: Bool {
    guard case .file(let path) = source, let directory = Self.credentials else { return false }
    return path.hasPrefix(directory + "/")
  }

  // MARK: The variables

  private struct Identity {
    let name: String
    let isClient: Bool
    /// What the variables of its secret begin with.
    var prefix: String { isClient ? "METI_CLIENT_SECRET" : "METI_PASSWORD" }
    /// systemd's name for the secret.
    var credential: String { isClient ? "meti-client-secret" : "meti-password" }
  }

  private static var identity: Identity? {
    if let email = CallEnvironment.value("METI_EMAIL") {
      return Identity(name: email, isClient: false)
    }
    return CallEnvironment.value("METI_CLIENT_ID").map { Identity(name: $0, isClient: true) }
  }

  private static var credentials: String? { CallEnvironment.value("CREDENTIALS_DIRECTORY") }

  private static func source(_ identity: Identity) -> SecretSource? {
    if CallEnvironment.value(identity.prefix) != nil { return .variable(identity.prefix) }
    if let path = CallEnvironment.value("\(identity.prefix)_FILE") { return .file(path) }
    guard let directory = credentials else { return nil }
    let path = "\(directory)/\(identity.credential)"
    return unsafe access(path, F_OK) == 0 ? .file(path) : nil
  }

  /// The account that the environment names, with or without its secret.
  static var ownName: String? { identity?.name }

  /// Whether the environment brings an account with its secret.
  static var bringsAccount: Bool { identity.map { source($0) != nil } ?? false }

  /// Whether the environment says that the account of this name is an OAuth 2.0 client.
  static func isClient(_ name: String) -> Bool {
    name.isSameName(as: CallEnvironment.value("METI_CLIENT_ID"))
  }

  /// How the account of this name gets its tokens, as far as the environment says.
  /// - Throws: if it is a client, and something is missing or unusable.
  static func grant(of name: String?) throws -> Credential.Grant {
    guard let name, isClient(name) else { return .password }
    return try clientGrant()
  }

  /// As a hint, the secret that is missing beside the account that the environment names; the account
  /// is looked for in the keyring then.
  static var missingSecret: String? {
    guard let identity, source(identity) == nil else { return nil }
    let name = identity.isClient ? "METI_CLIENT_ID" : "METI_EMAIL"
    return "\(name) needs \(identity.prefix), \(identity.prefix)_FILE or the systemd credential "
      + "\(identity.credential); or log in with: meti-token login"
  }

  private static func clientGrant() throws -> Credential.Grant {
    guard let url = CallEnvironment.value("METI_TOKEN_URL"),
      let audience = CallEnvironment.value("METI_AUDIENCE")
    else {
      throw Failure.usage(
        "METI_CLIENT_ID needs METI_TOKEN_URL and METI_AUDIENCE",
        hint: "see SERVERS in meti-token(1)")
    }
    return try Credential.Grant.client(
      tokenURL: url, audience: audience, scope: CallEnvironment.value("METI_SCOPE"))
  }

  // MARK: The store

  func accounts(at api: APIURL) throws(KeyringError) -> StoredAccounts {
    StoredAccounts(names: [own.name])
  }

  func token(of account: Account) throws(KeyringError) -> Token? { nil }

  func credential(of account: Account) throws(KeyringError) -> Credential? {
    guard account == own else { return nil }
    let found: SecretSource.Found
    do {
      found = try source.read(grant.secretName, until: deadline, clock)
    } catch {
      throw KeyringError(.environment(error))
    }
    return Credential(
      account: own, grant: grant, secret: found.secret.duplicate(),
      fingerprint: fingerprint(of: found))
  }

  /// A client's secret counts together with what it is sent with: METI may have rejected the scope.
  private func fingerprint(of found: borrowing SecretSource.Found) -> String {
    let suffix = cacheSuffix.isEmpty ? "" : ":\(cacheSuffix)"
    let content = found.secret.fingerprint(in: clock.now().bootID)
    // The times of systemd's copy say when the service started, and a variable has none: there the
    // content decides.
    guard case .file = source else { return "env:\(content)\(suffix)" }
    if isSystemdCopy { return "systemd:\(content)\(suffix)" }
    return (found.file.map { "file:\($0)" } ?? "pipe:\(content)") + suffix
  }

  var isReadOnly: Bool { true }
  func unlock(_ selector: AccountSelector) throws(KeyringError) {}
  func prepareForWriting() throws(KeyringError) { throw KeyringError(.readOnly) }
  func store(
    _ token: borrowing Token, of account: Account, mayPrompt: Bool
  ) throws(KeyringError) {}
  func store(_ credential: borrowing Credential) throws(KeyringError) {
    throw KeyringError(.readOnly)
  }
  func removeToken(of account: Account) throws(KeyringError) -> Bool { false }
  func removeCredential(of account: Account) throws(KeyringError) -> Bool { false }
  func removeAll(at api: APIURL, tokensOnly: Bool) throws(KeyringError) -> Bool { false }
}

extension Credential.Grant {
  /// The longest token URL, audience or scope, in bytes: with the longest secret they fit into a
  /// ``StoredBody``.
  static let longestPart = 2048

  /// What the account's secret is called.
  var secretName: String { self == .password ? "password" : "client secret" }

  /// The client credentials grant, its parts checked: they become lines of the stored form.
  static func client(
    tokenURL: String, audience: String, scope: String?
  ) throws -> Credential.Grant {
    let url: TokenURL
    do { url = try TokenURL(tokenURL) } catch { throw Failure(error, of: "the token URL") }
    for (name, text) in [("token URL", tokenURL), ("audience", audience), ("scope", scope ?? " ")] {
      guard text.utf8.count <= longestPart else {
        throw Failure.usage("the \(name) is longer than \(longestPart) bytes", hint: nil)
      }
      guard !text.isEmpty, text.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F }) else {
        throw Failure.usage("the \(name) is empty or contains a control character", hint: nil)
      }
    }
    return .clientCredentials(tokenURL: url, audience: audience, scope: scope)
  }
}
