import Glibc
import MetiToken
import Posix

/// The account of a server, a container or a CI job, which has no keyring: it comes with the
/// environment and is only read.
///
/// `METI_EMAIL` with a password, or `METI_CLIENT_ID` with a client secret, `METI_TOKEN_URL` and
/// `METI_AUDIENCE`. The secret comes from `METI_PASSWORD`, from the file that `METI_PASSWORD_FILE`
/// names, or from systemd's `$CREDENTIALS_DIRECTORY/meti-password` (systemd.exec(5), Credentials);
/// for clients likewise. Tokens live in the kernel tier, or where that is refused in no place.
struct EnvironmentStore: CredentialStore {
  let own: Account
  let grant: Credential.Grant
  let source: SecretSource
  private let clock: any Clock
  private let deadline: Deadline

  /// The account that the environment brings, unless another is asked for; `nil` when it brings
  /// none.
  /// - Parameter deadline: of the call, which reading the secret is a part of.
  init?(
    for selector: AccountSelector, until deadline: Deadline, _ clock: any Clock
  ) throws(Failure) {
    guard let (name, prefix, file) = Self.identity, selector.allows(name),
      let source = Self.source(prefix: prefix, credential: file)
    else { return nil }
    do {
      own = try Account(name: name, api: selector.api)
    } catch {
      throw Failure(error)
    }
    grant = try prefix == "METI_PASSWORD" ? .password : Self.clientGrant()
    self.source = source
    self.clock = clock
    self.deadline = deadline
  }

  /// The file with the secret, where others than its owner may read it. systemd's own directory is
  /// closed to them.
  var exposedFile: String? {
    guard source.isExposed, case .file(let path) = source, !isCopyOfSystemd else { return nil }
    return path
  }

  /// Whether the file is in systemd's directory. It is made anew at each start of the service.
  private var isCopyOfSystemd: Bool {
    guard case .file(let path) = source, let directory = Self.credentials else { return false }
    return path.hasPrefix(directory + "/")
  }

  /// The account's name, what its secret's variables begin with, and systemd's name for it.
  private static var identity: (name: String, prefix: String, file: String)? {
    if let email = variable("METI_EMAIL") { return (email, "METI_PASSWORD", "meti-password") }
    if let client = variable("METI_CLIENT_ID") {
      return (client, "METI_CLIENT_SECRET", "meti-client-secret")
    }
    return nil
  }

  private static func source(prefix: String, credential: String) -> SecretSource? {
    if variable(prefix) != nil { return .variable(prefix) }
    if let path = variable("\(prefix)_FILE") { return .file(path) }
    guard let directory = credentials else { return nil }
    let path = "\(directory)/\(credential)"
    return unsafe access(path, F_OK) == 0 ? .file(path) : nil
  }

  /// The account that the environment names, whether or not it brings its secret; `nil` for none.
  static var ownName: String? { identity?.name }

  /// Whether the environment brings an account with its secret.
  static var bringsAccount: Bool { identity != nil && missingSecret == nil }

  /// Whether the environment says that the account of this name is an OAuth 2.0 client.
  static func isClient(_ name: String) -> Bool {
    name.isSameName(as: variable("METI_CLIENT_ID"))
  }

  /// How the account of this name comes to its tokens, as far as the environment says.
  /// - Throws: where it is a client's, and something is missing or cannot be used.
  static func grant(of name: String?) throws(Failure) -> Credential.Grant {
    guard let name, isClient(name) else { return .password }
    return try clientGrant()
  }

  /// What the account that the environment names needs beside it, where it is not there, as a hint;
  /// the account is looked for in the keyring then.
  static var missingSecret: String? {
    guard let (_, prefix, file) = identity, source(prefix: prefix, credential: file) == nil
    else { return nil }
    let name = prefix == "METI_PASSWORD" ? "METI_EMAIL" : "METI_CLIENT_ID"
    return "\(name) needs \(prefix), \(prefix)_FILE or the systemd credential \(file) beside it"
  }

  private static var credentials: String? { variable("CREDENTIALS_DIRECTORY") }

  private static func clientGrant() throws(Failure) -> Credential.Grant {
    guard let url = variable("METI_TOKEN_URL"), let audience = variable("METI_AUDIENCE") else {
      throw Failure.usage(
        "METI_CLIENT_ID needs METI_TOKEN_URL and METI_AUDIENCE beside it",
        hint: "see SERVERS in meti-token(1)")
    }
    return try Credential.Grant.client(
      tokenURL: url, audience: audience, scope: variable("METI_SCOPE"))
  }

  private static func variable(_ name: String) -> String? {
    guard let value = Process.variable(name), !value.isEmpty else { return nil }
    return value
  }

  func defaultAccount(at api: APIURL) throws(KeyringError) -> String? { own.name }
  func accounts(at api: APIURL) throws(KeyringError) -> [String] { [own.name] }
  func token(of account: Account) throws(KeyringError) -> Token? { nil }
  func readAfresh() {}

  func credential(of account: Account) throws(KeyringError) -> Credential? {
    guard account == own else { return nil }
    do {
      let found = try source.read(grant.secretName, until: deadline)
      let mark = mark(of: found)
      return Credential(account: own, grant: grant, secret: found.secret, mark: mark)
    } catch {
      throw KeyringError(.unreadable(error.message, status: error.status.rawValue))
    }
  }

  /// Of a client's secret with what it is sent with: METI may have refused the scope.
  private func mark(of found: borrowing SecretSource.Found) -> String {
    guard case .clientCredentials(let tokenURL, let audience, let scope) = grant else {
      return secretMark(of: found)
    }
    let variant = TokenVariant(tokenURL: tokenURL.text, audience: audience, scope: scope ?? "")
    return "\(secretMark(of: found)):\(variant.text)"
  }

  /// The times of systemd's copy say when the service started, a pipe has none, and a variable
  /// neither: there the content has to tell.
  private func secretMark(of found: borrowing SecretSource.Found) -> String {
    let content = found.secret.mark(in: clock.now().bootID)
    guard case .file = source else { return "env:\(content)" }
    if isCopyOfSystemd { return "systemd:\(content)" }
    return found.file.map { "file:\($0)" } ?? "pipe:\(content)"
  }

  var isReadOnly: Bool { true }
  func store(_ token: borrowing Token, of account: Account) throws(KeyringError) {}
  func store(_ credential: borrowing Credential) throws(KeyringError) {
    throw KeyringError(.readOnly)
  }
  func makeDefault(_ account: Account) throws(KeyringError) { throw KeyringError(.readOnly) }
  func removeToken(of account: Account) throws(KeyringError) -> Bool { false }
  func removeCredential(of account: Account) throws(KeyringError) -> Bool { false }
  func removeDefault(at api: APIURL) throws(KeyringError) -> Bool { false }
}

extension Credential.Grant {
  /// The longest token URL, audience or scope, in bytes: with the longest secret they fit into a
  /// ``StoredBody``.
  static let longestPart = 2048

  /// What the account's secret is called.
  var secretName: String { self == .password ? "password" : "client secret" }

  /// The client credentials grant, its parts checked: they become lines of the stored form.
  ///
  /// - Throws: `usage` where one is not legal, or longer than ``longestPart``.
  static func client(
    tokenURL: String, audience: String, scope: String?
  ) throws(Failure) -> Credential.Grant {
    let url: TokenURL
    do { url = try TokenURL(tokenURL) } catch { throw Failure(error, of: "the token URL") }
    for (name, text) in [("token URL", tokenURL), ("audience", audience), ("scope", scope ?? " ")] {
      guard text.utf8.count <= longestPart else {
        throw Failure.usage("the \(name) is longer than \(longestPart) bytes")
      }
      guard !text.isEmpty, text.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F }) else {
        throw Failure.usage("the \(name) is empty or holds a control character")
      }
    }
    return .clientCredentials(tokenURL: url, audience: audience, scope: scope)
  }
}
