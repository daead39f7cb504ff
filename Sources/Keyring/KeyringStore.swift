import CLibsecret
import MetiToken

/// The desktop keyring (Secret Service) as the store of record.
///
/// Every call searches first and asks nobody: that tells locked from absent. Only then it loads,
/// and only where a person can be asked it unlocks. Nothing is deleted or replaced because
/// something could not be read.
@safe public final class KeyringStore: CredentialStore {
  /// Whether a person can be asked to unlock the keyring, and how they are told.
  public enum Person {
    case absent
    /// - told: gets a sentence on what is being waited for, as the dialog opens.
    case present(told: (String) -> Void)

    var canBeAsked: Bool {
      if case .present = self { true } else { false }
    }
  }

  let connection: SecretServiceConnection
  let waiter: Waiter
  let clock: any Clock
  let person: Person
  let call: Deadline
  /// The accounts with a token that is there and was not to be read: it is not replaced.
  private var damaged: [(account: Account, error: KeyringError)] = []
  private var readAhead: (api: APIURL, token: Token.Boxed)?
  /// The path of the item that was read last.
  var lastRead: String?
  private var source: (account: Account, path: String)?
  /// The end of the operation that is under way.
  var budget: Deadline

  /// - Parameters:
  ///   - busAddress: from ``BusAddress``; `nil` makes every call fail with ``KeyringError/Kind/noBus``.
  ///   - call: the end of the whole call; the keyring gets a part of it, and time in which a person
  ///     is asked is added to it.
  ///   - handshake: holds, across processes, the lock under which a session is opened.
  ///   - verbose: gets what GLib and libsecret would have written to stderr.
  public init(
    busAddress: String?, clock: any Clock, call: Deadline, person: Person,
    handshake: @escaping (Deadline) throws(KeyringError) -> AnyObject?,
    verbose: (@Sendable (String) -> Void)?
  ) {
    self.clock = clock
    self.person = person
    self.call = call
    budget = call
    waiter = Waiter(clock: clock, call: call, person: person)
    connection = SecretServiceConnection(
      busAddress: busAddress, waiter: waiter, handshake: handshake)
    Log.redirect(to: verbose)
  }

  /// For all work with the keyring in one call, in milliseconds, while nobody is being asked. A
  /// look-up takes 15; starting gnome-keyring takes under a second; what is longer will not come.
  static let quietBudget: Int64 = 10_000
  /// For a person to find the dialog and type a password, in milliseconds.
  static let askingBudget: Int64 = 120_000
  /// A keyring that is silent for so long, in milliseconds, may be asking the person.
  static let unexplainedSilence: Int64 = 3_000

  // MARK: Reading

  public func defaultAccount(at api: APIURL) throws(KeyringError) -> String? {
    begin()
    var isRepetition = false
    do {
      if let name = try defaultWithToken(at: api) { return name }
    } catch {
      // What the careful way may cure, or will tell better. It is the repetition then.
      guard mayPass(error) || (error.kind == .locked && person.canBeAsked) else { throw error }
      connection.reconnect()
      isRepetition = true
    }
    let attributes = Attributes(.default, at: api)
    let name = try body(attributes, isRepetition: isRepetition) { StoredBody($0)?.secret() }
    return name?.withBytes { $0.text }
  }

  /// The default account in the plain case: one item says so and nothing is locked. Its token is
  /// read in the same call and kept for the question that follows, and the searches are on their
  /// way together: the bare command costs no more round trips than one look-up.
  private func defaultWithToken(at api: APIURL) throws(KeyringError) -> String? {
    let defaults = try connection.beginSearch(Attributes(.default, at: api), until: budget)
    let ofTokens = try connection.beginSearch(Attributes(.token, at: api), until: budget)
    try connection.openSession(until: budget)
    let found = try connection.finish(defaults, until: budget)
    let foundTokens = try connection.finish(ofTokens, until: budget)
    guard found.unlocked.count == 1, found.locked.isEmpty, foundTokens.locked.isEmpty,
      foundTokens.unlocked.count <= 4
    else { return nil }
    var name: String?
    // Of two tokens the careful way takes the right one, and none that is older than one that
    // cannot be read.
    var isAmbiguous = false
    var tokens: [Token.Boxed] = []
    let paths = found.unlocked + foundTokens.unlocked
    var unread = paths.count
    try connection.secrets(paths, until: budget) { path, secret in
      unread -= 1
      if path == found.unlocked[0] {
        name = StoredBody(secret)?.secret().withBytes { $0.text }
      } else if let token = Token(stored: secret) {
        let account = token.account
        isAmbiguous = isAmbiguous || tokens.contains { $0.account.isSameName(as: account) }
        tokens.append(Token.Boxed(token))
      }
    }
    guard let name, !isAmbiguous, unread == 0 else { return name }
    readAhead = tokens.first { $0.account.isSameName(as: name) }.map { (api, $0) }
    return name
  }

  public func accounts(at api: APIURL) throws(KeyringError) -> [String] {
    begin()
    let found = try connection.search(Attributes(.account, at: api), until: budget)
    if !found.locked.isEmpty { try unlock(found.locked) }
    return try names(of: found.unlocked + found.locked)
  }

  public func readableAccounts(
    at api: APIURL
  ) throws(KeyringError) -> (names: [String], areAll: Bool) {
    begin()
    let found = try connection.search(Attributes(.account, at: api), until: budget)
    return (try names(of: found.unlocked), found.locked.isEmpty)
  }

  private func names(of paths: [String]) throws(KeyringError) -> [String] {
    var names: [String] = []
    for path in paths {
      let attributes = try connection.itemProperty("Attributes", of: path, until: budget) {
        $0.dictionary
      }
      if let name = attributes?["meti-account"] { names.append(name) }
    }
    // The same account may lie in two collections.
    return names.distinctNames()
  }

  public func readAfresh() { readAhead = nil }

  public func token(of account: Account) throws(KeyringError) -> Token? {
    if let (api, token) = readAhead {
      // Once: who asks again wants to know what has changed since.
      readAhead = nil
      if api == account.api, let token = token.take(ifOf: account.name) { return token }
    }
    do {
      return try body(Attributes(.token, account)) { Token(stored: $0) }
    } catch {
      guard error.kind.isOfOneItem else { throw error }
      let told = KeyringError(.damagedToken(of: account.name), detail: error.detail)
      damaged.append((account, told))
      throw told
    }
  }

  public func credential(of account: Account) throws(KeyringError) -> Credential? {
    let found = try body(Attributes(.account, account)) { Credential(stored: $0, account: account) }
    guard let found else { return nil }
    source = lastRead.map { (account, $0) }
    return found
  }

  // MARK: Writing

  public func makeReady() throws(KeyringError) {
    try storing { () throws(KeyringError) in _ = try openDefaultCollection() }
  }

  public func store(_ token: borrowing Token, of account: Account) throws(KeyringError) {
    if let (_, error) = damaged.first(where: { $0.account == account }) { throw error }
    try store(
      token.stored(), label: "METI token for \(account.name)", Attributes(.token, account))
  }

  public func store(_ credential: borrowing Credential) throws(KeyringError) {
    let name = credential.account.name
    let label =
      credential.grant == .password ? "METI password for \(name)" : "METI client secret for \(name)"
    // That it was refused belongs to the item that it was read from.
    let isMarked = credential.refusedOn != nil && source?.account == credential.account
    try store(
      credential.stored(), label: label, Attributes(.account, credential.account),
      over: isMarked ? source?.path : nil)
  }

  public func makeDefault(_ account: Account) throws(KeyringError) {
    try store(
      StoredBody.pack(Secret(copying: account.name), [:]),
      label: "METI default account for \(account.api.text)", Attributes(.default, at: account.api))
  }

  public func removeToken(of account: Account) throws(KeyringError) -> Bool {
    let attributes = Attributes(.token, account)
    do {
      return try remove(attributes)
    } catch {
      guard error.kind == .askingNobody else { throw error }
      // KeePassXC has a prompt for each removal, even where it would not ask. The entries stay
      // then, and hold no token any more.
      try empty(attributes)
      return true
    }
  }

  public func removeCredential(of account: Account) throws(KeyringError) -> Bool {
    try remove(Attributes(.account, account))
  }

  public func removeDefault(at api: APIURL) throws(KeyringError) -> Bool {
    try remove(Attributes(.default, at: api))
  }
}

extension Token {
  /// A token in a box, for places that hold copyable things alone; it can be taken out once.
  fileprivate final class Boxed {
    let account: String
    private var token: Token?

    init(_ token: consuming Token) {
      account = token.account
      self.token = .some(token)
    }

    func take(ifOf account: String) -> Token? {
      guard let token = token.take(), token.account.utf8.elementsEqual(account.utf8) else {
        return nil
      }
      return token
    }
  }
}
