/// Where passwords and tokens are stored: the desktop keyring, or a server's environment.
///
/// Absent is an answer (`nil`), locked is an error. Reading never prompts, and no method deletes or
/// replaces anything because a read has failed.
public protocol CredentialStore {
  /// The accounts with a stored credential.
  func accounts(at api: APIURL) throws(KeyringError) -> StoredAccounts
  /// - Throws: ``KeyringError/Kind/locked`` if the only matching items are locked,
  ///   ``KeyringError/Kind/damaged`` if a token is stored but cannot be read.
  func token(of account: Account) throws(KeyringError) -> Token?
  /// - Throws: as ``token(of:)``.
  func credential(of account: Account) throws(KeyringError) -> Credential?

  /// Unlocks the items of the selected accounts. Prompts if this call may prompt.
  func unlock(_ selector: AccountSelector) throws(KeyringError)
  /// Checks that an item can be stored. Unlocks or creates the default collection, with a prompt if
  /// this call may prompt.
  func prepareForWriting() throws(KeyringError)

  /// - Parameter mayPrompt: false prevents every prompt, also in a call that may prompt.
  func store(
    _ token: borrowing Token, of account: Account, mayPrompt: Bool
  ) throws(KeyringError)
  func store(_ credential: borrowing Credential) throws(KeyringError)

  /// Each returns whether there was anything to remove, and throws if anything is left.
  func removeToken(of account: Account) throws(KeyringError) -> Bool
  func removeCredential(of account: Account) throws(KeyringError) -> Bool
  /// Removes every item of `api`, also those whose account name is not legal.
  func removeAll(at api: APIURL, tokensOnly: Bool) throws(KeyringError) -> Bool
}

/// The accounts that a store has for one API.
public struct StoredAccounts: Equatable, Sendable {
  /// The names that can be read, sorted by their bytes, each once.
  public private(set) var names: [String]
  /// How many items with a credential are locked; their names are not known.
  public let locked: Int

  public init(names: [String], locked: Int = 0) {
    self.names = []
    self.locked = locked
    for name in names.sorted(by: { $0.utf8.lexicographicallyPrecedes($1.utf8) })
    where !name.isSameName(as: self.names.last) {
      self.names.append(name)
    }
  }

  public func contains(_ account: Account) -> Bool {
    names.contains { $0.isSameName(as: account.name) }
  }
}

/// Which account is the default of each API. Not secret, so a locked keyring does not hide it.
public protocol DefaultAccounts {
  /// The name of the default account; `nil` if none is set.
  func name(at api: APIURL) throws(DefaultAccountError) -> String?
  func set(_ account: Account) throws(DefaultAccountError)
  func remove(at api: APIURL) throws(DefaultAccountError)
}

/// Why the default account cannot be read or written.
public enum DefaultAccountError: Error, Equatable {
  /// There is no home directory, or it is not absolute.
  case noDirectory
  /// The file, and `errno`.
  case system(path: String, errno: Int32)
  /// The file is not a regular file, too large, not UTF-8, or holds another control character than
  /// line feeds.
  case malformed(path: String)
}

/// Where tokens come from. One call is one request.
public protocol TokenIssuer {
  /// - Parameter connectLimit: for the name lookup and the connection, in milliseconds.
  func issue(
    for credential: borrowing Credential, until deadline: Deadline, connectLimit: Int64
  ) throws(IssuerError) -> IssuedToken
}

/// A token as it comes from the issuer: legal, and with a lifetime in ``Lifetime/allowed``.
public struct IssuedToken: ~Copyable, Sendable {
  public let secret: Secret
  /// Seconds from the moment the request was sent.
  public let lifetime: Int64

  public init(secret: consuming Secret, lifetime: Int64) {
    self.secret = secret
    self.lifetime = lifetime
  }
}
