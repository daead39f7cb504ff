/// The store of record, as the rules see it: the desktop keyring, or a server's environment.
///
/// Absent is an answer (`nil`), not an error. No method deletes or replaces anything because a
/// read has failed.
public protocol CredentialStore {
  /// The name of the account that is meant when none is named.
  func defaultAccount(at api: APIURL) throws(KeyringError) -> String?
  /// The names of all accounts with a stored credential, sorted.
  func accounts(at api: APIURL) throws(KeyringError) -> [String]
  /// Those of them that can be read without asking a person, and whether that is all.
  func readableAccounts(at api: APIURL) throws(KeyringError) -> (names: [String], areAll: Bool)
  /// - Throws: ``KeyringError/Kind/damagedToken(of:)`` when one is stored that cannot be read.
  func token(of account: Account) throws(KeyringError) -> Token?
  func credential(of account: Account) throws(KeyringError) -> Credential?

  /// Sees that something can be stored. A person may be asked to unlock what is locked.
  func makeReady() throws(KeyringError)

  /// From here on nothing that was read before is answered with: called when a lock is taken,
  /// under which others may have changed what is stored.
  func readAfresh()

  /// - Throws: ``KeyringError/Kind/damagedToken(of:)`` where this call has tried to read the one
  ///   that would be replaced, and could not.
  func store(_ token: borrowing Token, of account: Account) throws(KeyringError)
  func store(_ credential: borrowing Credential) throws(KeyringError)
  /// Whether no credential can be stored here, nor a note that it was refused.
  var isReadOnly: Bool { get }
  func makeDefault(_ account: Account) throws(KeyringError)

  /// Each answers whether there was anything to remove.
  func removeToken(of account: Account) throws(KeyringError) -> Bool
  func removeCredential(of account: Account) throws(KeyringError) -> Bool
  func removeDefault(at api: APIURL) throws(KeyringError) -> Bool
}

extension CredentialStore {
  /// For stores that need nothing for it.
  public func makeReady() throws(KeyringError) {}

  public var isReadOnly: Bool { false }

  /// For stores in which nothing is locked.
  public func readableAccounts(
    at api: APIURL
  ) throws(KeyringError) -> (names: [String], areAll: Bool) {
    (try accounts(at: api), true)
  }

  /// Whether the account's credential is stored. Locked ones count only where it is none of the
  /// others.
  public func isStored(_ account: Account) throws(KeyringError) -> Bool {
    let isAmong = { (names: [String]) in
      names.contains { $0.utf8.elementsEqual(account.name.utf8) }
    }
    let (names, areAll) = try readableAccounts(at: account.api)
    if areAll || isAmong(names) { return isAmong(names) }
    return isAmong(try accounts(at: account.api))
  }
}

/// Where tokens come from. One call is one request.
public protocol TokenIssuer {
  func issue(
    for credential: borrowing Credential, until deadline: Deadline
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

/// The lock of one account, across processes.
public protocol AccountLock {
  /// Waits for the lock, calling `whileWaiting` from time to time, which may end the wait early by
  /// answering true.
  /// - Returns: the lock, released when the last reference goes; `nil` if `whileWaiting` ended it.
  /// - Throws: ``LockError`` when the deadline passes.
  func acquire(
    _ account: Account, until deadline: Deadline, whileWaiting: () -> Bool
  ) throws(LockError) -> (any HeldLock)?
}

/// A lock that is held, and the few facts that its holders leave to each other.
public protocol HeldLock: AnyObject {
  /// What the holders before left; empty where that is nothing, or not legible.
  var note: LockNote { get }
  /// Leaves this note in place of the one there was.
  /// - Returns: false where it cannot be kept, and the next holder will not know.
  @discardableResult func leave(_ note: LockNote) -> Bool
}

extension HeldLock {
  /// Changes the note where that makes a difference.
  /// - Returns: as ``leave(_:)``.
  @discardableResult public func revise(_ change: (inout LockNote) -> Void) -> Bool {
    let former = note
    var note = former
    change(&note)
    return note == former || leave(note)
  }

  /// The note's own, changed by itself.
  public var backOff: BackOff? {
    get { note.backOff }
    set { revise { $0.backOff = newValue } }
  }
}

/// Another process kept the account's lock for longer than the caller could wait.
public struct LockError: Error, Equatable {
  public init() {}
}
