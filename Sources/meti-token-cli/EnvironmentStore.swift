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
  let account: Account
  let grant: Credential.Grant
  let source: SecretSource
  private let clock: any Clock
  private let deadline: Deadline

  /// The account that the environment brings; `nil` if it brings none, or another is selected.
  /// - Parameter deadline: of the call, which reading the secret is a part of.
  init?(for selector: AccountSelector, until deadline: Deadline, _ clock: any Clock) throws {
    guard let name = Self.name, selector.allows(name), let source = Self.source else { return nil }
    account = try Account(name: name, api: selector.api)
    grant = try Self.isClient ? Self.clientGrant() : .password
    self.source = source
    self.clock = clock
    self.deadline = deadline
  }

  /// Behind the name of the kernel key: a client's token depends on more than the account.
  var cacheSuffix: String {
    guard case .clientCredentials(let tokenURL, let audience, let scope) = grant else { return "" }
    return Fingerprint.of(tokenURL.text, audience, scope ?? "")
  }

  // MARK: The variables

  private static var name: String? {
    CallEnvironment.value("METI_EMAIL") ?? CallEnvironment.value("METI_CLIENT_ID")
  }
  private static var isClient: Bool { CallEnvironment.value("METI_EMAIL") == nil }

  /// What the variables of the secret begin with.
  private static var prefix: String { isClient ? "METI_CLIENT_SECRET" : "METI_PASSWORD" }
  /// systemd's name for the secret.
  private static var credential: String { isClient ? "meti-client-secret" : "meti-password" }

  private static var source: SecretSource? {
    if CallEnvironment.isSet(prefix) { return .variable(prefix) }
    if let path = CallEnvironment.value("\(prefix)_FILE") { return .file(path) }
    guard let directory = CallEnvironment.value("CREDENTIALS_DIRECTORY") else { return nil }
    let path = "\(directory)/\(credential)"
    return unsafe access(path, F_OK) == 0 ? .file(path) : nil
  }

  /// The name of the account that the environment brings with its secret.
  static var broughtName: String? { source == nil ? nil : name }

  /// As a hint, the secret that is missing beside the account that the environment names; the account
  /// is looked for in the keyring then.
  /// - Parameter account: `nil` for any.
  static func missingSecret(of account: String? = nil) -> String? {
    guard let name, name.isSameName(as: account ?? name), source == nil else { return nil }
    return "\(isClient ? "METI_CLIENT_ID" : "METI_EMAIL") needs \(prefix), \(prefix)_FILE or the "
      + "systemd credential \(credential); or log in with: meti-token login"
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
    StoredAccounts(names: [account.name])
  }

  func token(of account: Account) throws(KeyringError) -> Token? { nil }

  func credential(of account: Account) throws(KeyringError) -> Credential? {
    guard account == self.account else { return nil }
    do {
      let secret = try source.read(grant.secretName, until: deadline, clock)
      // METI may have rejected what a client's secret is sent with.
      let fingerprint = "env:\(secret.fingerprint(in: clock.now().bootID)):\(cacheSuffix)"
      return Credential(
        account: account, grant: grant, secret: secret, fingerprint: fingerprint)
    } catch {
      throw KeyringError(.environment(error))
    }
  }

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
  private static let longestPart = 2048

  /// What the account's secret is called.
  var secretName: String { self == .password ? "password" : "client secret" }

  /// The client credentials grant, its parts checked: they become lines of the stored form.
  static func client(
    tokenURL: String, audience: String, scope: String?
  ) throws -> Credential.Grant {
    let url: TokenURL
    do { url = try TokenURL(tokenURL) } catch { throw Failure(error, of: "the token URL") }
    for (name, text) in [("token URL", tokenURL), ("audience", audience), ("scope", scope ?? " ")] {
      guard (1...longestPart).contains(text.utf8.count),
        text.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F })
      else {
        throw Failure.usage(
          "the \(name) is empty, longer than \(longestPart) bytes, or contains a control character",
          hint: nil)
      }
    }
    return .clientCredentials(tokenURL: url, audience: audience, scope: scope)
  }
}
