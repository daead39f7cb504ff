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

  private let connection: SecretServiceConnection
  private let waiter: Waiter
  private let clock: any Clock
  private let person: Person
  private let call: Deadline
  /// The accounts with a token that is there and was not to be read: it is not replaced.
  private var damaged: [(account: Account, error: KeyringError)] = []
  private var readAhead: (api: APIURL, token: Token.Boxed)?
  /// The end of the operation that is under way.
  private var budget: Deadline

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
    if let name = try quickly({ () throws(KeyringError) in try defaultWithToken(at: api) }) {
      return name
    }
    let name = try body(Attributes(.default, at: api)) { StoredBody($0)?.secret() }
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
    var isAmbiguous = false
    var tokens: [Token.Boxed] = []
    try connection.secrets(found.unlocked + foundTokens.unlocked, until: budget) { path, secret in
      if path == found.unlocked[0] {
        name = StoredBody(secret)?.secret().withBytes { $0.text }
      } else if let token = Token(stored: secret) {
        let account = token.account
        isAmbiguous = isAmbiguous || tokens.contains { $0.account.isSameName(as: account) }
        tokens.append(Token.Boxed(token))
      }
    }
    guard let name, !isAmbiguous else { return name }
    readAhead = tokens.first { $0.account.isSameName(as: name) }.map { (api, $0) }
    return name
  }

  /// The answer of a short way; `nil` where it fails in any manner that the careful way, which
  /// follows, may cure or will tell better.
  private func quickly<Value>(
    _ way: () throws(KeyringError) -> Value?
  ) throws(KeyringError) -> Value? {
    do {
      return try way()
    } catch {
      guard error.kind.mayPass else { throw error }
      connection.reconnect()
      return nil
    }
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
      let attributes = try connection.itemProperty("Attributes", of: path, until: budget)
      if let name = attributes?.string("meti-account") { names.append(name) }
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
      guard error.kind == .damaged || error.kind == .vanished else { throw error }
      let told = KeyringError(.damagedToken(of: account.name), detail: error.detail)
      damaged.append((account, told))
      throw told
    }
  }

  public func credential(of account: Account) throws(KeyringError) -> Credential? {
    try body(Attributes(.account, account)) { Credential(stored: $0, account: account) }
  }

  // MARK: Writing

  public func store(_ token: borrowing Token, of account: Account) throws(KeyringError) {
    if let (_, error) = damaged.first(where: { $0.account == account }) { throw error }
    try store(
      token.stored(), label: "METI token for \(account.name)", Attributes(.token, account))
  }

  public func store(_ credential: borrowing Credential) throws(KeyringError) {
    let name = credential.account.name
    let label =
      credential.grant == .password ? "METI password for \(name)" : "METI client secret for \(name)"
    try store(credential.stored(), label: label, Attributes(.account, credential.account))
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
      // KeePassXC has a prompt for each removal, even where it would not ask. The entry stays then,
      // and holds no token any more.
      try store(
        StoredBody.pack(Secret(), [:]), label: "METI token for \(account.name)", attributes)
      return true
    }
  }

  public func removeCredential(of account: Account) throws(KeyringError) -> Bool {
    try remove(Attributes(.account, account))
  }

  public func removeDefault(at api: APIURL) throws(KeyringError) -> Bool {
    try remove(Attributes(.default, at: api))
  }

  // MARK: The calls beneath

  /// Begins an operation, with what earlier ones have left. What METI took meanwhile, or a person
  /// at a dialog, does not count.
  private func begin() {
    let now = clock.now()
    let left = Self.quietBudget - waiter.waited
    budget = Deadline(min(left, call.remaining(at: now)), from: now)
  }

  /// The body of the item with `attributes`, read as `parse` says; `nil` when there is none, or
  /// what was read is no such thing.
  /// - Throws: ``KeyringError/Kind/damaged`` when an item is there and gives no secret at all. An
  ///   empty one, which a keyring leaves that was killed while it stored, is none of that: it is
  ///   as good as no item.
  private func body<Value: ~Copyable>(
    _ attributes: Attributes, as parse: (consuming Secret) -> Value?
  ) throws(KeyringError) -> Value? {
    begin()
    do {
      return try load(attributes, as: parse)
    } catch {
      // Once more, from the beginning.
      guard error.kind.mayPass else { throw error }
      connection.reconnect()
      return try load(attributes, as: parse)
    }
  }

  private func load<Value: ~Copyable>(
    _ attributes: Attributes, as parse: (consuming Secret) -> Value?
  ) throws(KeyringError) -> Value? {
    let found = try connection.search(attributes, until: budget)
    if found.isEmpty { return nil }
    if found.unlocked.isEmpty { try unlock(found.locked) }
    let paths = found.unlocked.isEmpty ? found.locked : found.unlocked
    var isUnreadable = false
    for path in try newestFirst(paths) {
      guard let secret = try connection.secret(path, until: budget) else {
        isUnreadable = true
        continue
      }
      if let value = parse(secret) { return value }
    }
    if isUnreadable { throw KeyringError(.damaged, detail: "an item gives no secret") }
    return nil
  }

  /// Where several items match, in whatever collections they lie, the one written last counts.
  private func newestFirst(_ paths: [String]) throws(KeyringError) -> [String] {
    guard paths.count > 1 else { return paths }
    var dated: [(path: String, modified: UInt64)] = []
    for path in paths {
      let modified = try connection.itemProperty("Modified", of: path, until: budget)
      dated.append((path, modified?.uint64 ?? 0))
    }
    return dated.sorted { $0.modified > $1.modified }.map(\.path)
  }

  private func store(
    _ body: consuming Secret, label: String, _ attributes: Attributes
  ) throws(KeyringError) {
    begin()
    do {
      try put(body, label: label, attributes)
    } catch {
      guard error.kind.mayPass else { throw error }
      connection.reconnect()
      do {
        try put(body, label: label, attributes)
      } catch {
        throw error.kind == .failed ? KeyringError(.notStored, detail: error.detail) : error
      }
    }
  }

  /// Gives the item that is there its new secret, and creates one only where there is none: where
  /// an item is created over another, KeePassXC asks the person even if it is told never to.
  private func put(
    _ body: borrowing Secret, label: String, _ attributes: Attributes
  ) throws(KeyringError) {
    let found = try connection.search(attributes, until: budget)
    if found.unlocked.isEmpty, !found.locked.isEmpty { try unlock(found.locked) }
    let paths = found.unlocked.isEmpty ? found.locked : found.unlocked
    if let path = try newestFirst(paths).first {
      waiter.purpose = "the keyring to take \(label)"
      try connection.setSecret(body, of: path, until: budget)
      // Of an account alone: a renewal, which never changes its label, is not to ask for it.
      if attributes.kind == .account { relabel(path, label) }
      return
    }
    let hasCollection = try openDefaultCollection()
    waiter.purpose = hasCollection ? "the keyring to take \(label)" : "a keyring to be created"
    try connection.store(body, label: label, attributes, until: budget)
  }

  /// A password may have become a client's secret, or the other way. What is stored is right all the
  /// same, so a keyring that does not change its label is no trouble.
  private func relabel(_ path: String, _ label: String) {
    let old = try? connection.itemProperty("Label", of: path, until: budget)
    guard let old = old?.string, !old.utf8.elementsEqual(label.utf8) else { return }
    try? connection.setLabel(label, of: path, until: budget)
  }

  /// libsecret would open a dialog for a locked or missing collection, which is told apart here
  /// from one in which a keyring asks whether it may store.
  /// - Returns: whether there is one; where there is none the store that follows creates it.
  private func openDefaultCollection() throws(KeyringError) -> Bool {
    guard let path = try connection.defaultCollection(until: budget) else {
      guard person.canBeAsked else { throw KeyringError(.noCollection) }
      return false
    }
    let isLocked = try connection.property(
      "Locked", ofInterface: "org.freedesktop.Secret.Collection", at: path, until: budget)
    if isLocked?.bool == true { try unlock([path]) }
    return true
  }

  private func remove(_ attributes: Attributes) throws(KeyringError) -> Bool {
    begin()
    let found = try connection.search(attributes, until: budget)
    if !found.locked.isEmpty { try unlock(found.locked) }
    for path in found.unlocked + found.locked {
      do {
        try connection.delete(path, until: budget)
      } catch  where error.kind == .vanished {
        // Somebody else was quicker.
      }
    }
    return !found.isEmpty
  }

  private func unlock(_ paths: [String]) throws(KeyringError) {
    guard person.canBeAsked else { throw KeyringError(.locked) }
    guard try connection.unlock(paths, until: budget) else { throw KeyringError(.dismissed) }
  }
}

extension KeyringError.Kind {
  /// Whether it may pass when it is tried once more, with a new session: one that failed at random
  /// (KWallet), an item that vanished, a provider that came back.
  fileprivate var mayPass: Bool {
    switch self {
    case .damaged, .vanished, .died, .failed, .garbled: true
    default: false
    }
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
