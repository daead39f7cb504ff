import MetiToken

/// The desktop keyring (Secret Service).
///
/// Each method searches first, which prompts nobody and tells locked from absent. Reading opens
/// silently what opens without a dialog. Nothing is deleted or replaced because it cannot be read.
public final class KeyringStore: CredentialStore {
  private let client: SecretServiceClient
  private let dialogs: Interaction.Dialogs

  /// - Parameters:
  ///   - bus: from ``BusAddress/find(_:)``; `nil` makes every call fail.
  ///   - call: the end of the whole call. The time in which the user is prompted is added to it if
  ///     the interaction says so.
  ///   - locks: keep the prompts and handshakes of several processes apart.
  ///   - announce: receives a sentence on what is waited for, when a dialog opens.
  ///   - verbose: receives what GLib and libsecret would write to stderr.
  public init(
    bus: BusAddress?, clock: any Clock, call: Deadline, interaction: Interaction,
    locks: any Locks, announce: @escaping (String) -> Void,
    verbose: (@Sendable (String) -> Void)? = nil
  ) {
    dialogs = interaction.dialogs
    let waits = if case .waiting = dialogs { true } else { false }
    let loop = EventLoop(clock: clock, call: call, announce: waits ? announce : nil)
    client = SecretServiceClient(bus: bus, loop: loop, locks: locks)
    Log.redirect(to: verbose)
  }

  // MARK: Reading

  public func accounts(at api: APIURL) throws(KeyringError) -> StoredAccounts {
    try repeating { () throws(KeyringError) in
      let found = try openedSilently(Attributes(.account, at: api))
      var names: [String] = []
      for path in found.unlocked {
        let name = try itemProperty("Attributes", of: path) { $0.string(for: "meti-account") }
        if let name { names.append(name) }
      }
      return StoredAccounts(names: names, locked: found.locked.count)
    }
  }

  public func token(of account: Account) throws(KeyringError) -> Token? {
    try read(Attributes(.token, account)) { Token(stored: $0) }
  }

  public func credential(of account: Account) throws(KeyringError) -> Credential? {
    try read(Attributes(.account, account)) { Credential(stored: $0, account: account) }
  }

  public func unlock(_ selector: AccountSelector) throws(KeyringError) {
    let attributes = Attributes(nil, at: selector.api, account: selector.name)
    // Twice: KeePassXC shows its entries, which it may protect one by one, once its database is open.
    for _ in 0..<2 {
      let locked = try client.search(attributes).locked
      guard !locked.isEmpty else { return }
      try client.unlock(locked, dialogs)
    }
  }

  /// What `parse` makes of the newest readable item; `nil` if there is none. An empty secret, which a
  /// keyring leaves that was killed while it stored, is as good as none.
  private func read<Value: ~Copyable>(
    _ attributes: Attributes, _ parse: (consuming Secret) -> Value?
  ) throws(KeyringError) -> Value? {
    try repeating { () throws(KeyringError) in
      let found = try openedSilently(attributes)
      guard !found.unlocked.isEmpty || found.locked.isEmpty else { throw KeyringError(.locked) }
      for path in try newestFirst(found.unlocked) {
        // Not passed over: an older item may have a password or a token that is no longer valid.
        guard let secret = try client.secret(path) else { throw KeyringError(.damaged) }
        if let value = parse(secret) { return value }
      }
      return nil
    }
  }

  /// The items, unlocked if that needs no dialog. If one account is searched for and an unlocked item
  /// is found, locked ones stay locked.
  private func openedSilently(
    _ attributes: Attributes
  ) throws(KeyringError) -> SecretServiceClient.Found {
    let found = try client.search(attributes)
    let isEnough = attributes.account != nil && !found.unlocked.isEmpty
    guard !found.locked.isEmpty, !isEnough else { return found }
    do {
      try client.unlock(found.locked, .never)
    } catch  where error.kind == .locked {
      return found
    }
    return try client.search(attributes)
  }

  /// Of several items, in whatever collections they are, the one written last counts.
  private func newestFirst(_ paths: [String]) throws(KeyringError) -> [String] {
    guard paths.count > 1 else { return paths }
    var dated: [(path: String, modified: UInt64)] = []
    for path in paths {
      dated.append((path, try itemProperty("Modified", of: path) { $0.uint64 } ?? 0))
    }
    return dated.sorted { $0.modified > $1.modified }.map(\.path)
  }

  /// A property of an item; `nil` if the item was removed meanwhile.
  private func itemProperty<Value>(
    _ name: String, of path: String, _ value: (Variant) -> Value?
  ) throws(KeyringError) -> Value? {
    do {
      return try client.property(name, of: path, as: value)
    } catch  where error.kind == .vanished {
      return nil
    }
  }

  // MARK: Writing

  public func prepareForWriting() throws(KeyringError) {
    try storing { () throws(KeyringError) in _ = try writableCollection(dialogs) }
  }

  public func store(
    _ token: borrowing Token, of account: Account, mayPrompt: Bool
  ) throws(KeyringError) {
    try put(
      token.stored(), label: "METI token of \(account.name)", Attributes(.token, account),
      mayPrompt ? dialogs : .never)
  }

  public func store(_ credential: borrowing Credential) throws(KeyringError) {
    let account = credential.account
    try put(
      credential.stored(), label: "METI account \(account.name)", Attributes(.account, account),
      dialogs)
  }

  /// Replaces the secret of the item that is there. Creates one only if there is none: KeePassXC
  /// prompts for each new item.
  private func put(
    _ body: borrowing Secret, label: String, _ attributes: Attributes,
    _ dialogs: Interaction.Dialogs
  ) throws(KeyringError) {
    try storing { () throws(KeyringError) in
      var found = try client.search(attributes)
      if found.unlocked.isEmpty, !found.locked.isEmpty {
        try client.unlock(found.locked, dialogs)
        found = try client.search(attributes)
        guard found.locked.isEmpty else { throw KeyringError(.locked) }
      }
      if let newest = try newestFirst(found.unlocked).first {
        return try client.setSecret(body, of: newest)
      }
      let collection = try writableCollection(dialogs)
      var (item, prompt) = try client.create(body, label: label, attributes, in: collection)
      if let prompt { item = try client.prompt(prompt, .store(label), dialogs)?.objectPath }
      guard item != nil else { throw KeyringError(.notStored, detail: "no item was created") }
    }
  }

  /// The default collection, unlocked, or created if there is none.
  private func writableCollection(_ dialogs: Interaction.Dialogs) throws(KeyringError) -> String {
    if let path = try client.defaultCollection() {
      if try client.property("Locked", of: path, as: { $0.bool }) {
        try client.unlock([path], dialogs)
      }
      return path
    }
    guard dialogs != .never else { throw KeyringError(.noCollection) }
    var (collection, prompt) = try client.createDefaultCollection()
    if let prompt {
      collection = try client.prompt(prompt, .createCollection, dialogs)?.objectPath
    }
    guard let collection else {
      throw KeyringError(.notStored, detail: "no collection was created")
    }
    return collection
  }

  private func storing(_ work: () throws(KeyringError) -> Void) throws(KeyringError) {
    do {
      try repeating(work)
    } catch  where error.kind == .failed {
      throw KeyringError(.notStored, detail: error.detail)
    }
  }

  // MARK: Removing

  public func removeToken(of account: Account) throws(KeyringError) -> Bool {
    try remove(Attributes(.token, account))
  }

  public func removeCredential(of account: Account) throws(KeyringError) -> Bool {
    try remove(Attributes(.account, account))
  }

  public func removeAll(at api: APIURL, tokensOnly: Bool) throws(KeyringError) -> Bool {
    try remove(Attributes(tokensOnly ? .token : nil, at: api))
  }

  /// Removes what is unlocked, then what can be unlocked, by path: names and attributes do not matter.
  private func remove(_ attributes: Attributes) throws(KeyringError) -> Bool {
    try repeating { () throws(KeyringError) in
      var found = try client.search(attributes)
      var isAny = !found.unlocked.isEmpty
      for path in found.unlocked { try remove(path, attributes) }
      if !found.locked.isEmpty {
        try client.unlock(found.locked, dialogs)
        found = try client.search(attributes)
        isAny = isAny || !found.unlocked.isEmpty
        for path in found.unlocked { try remove(path, attributes) }
        guard found.locked.isEmpty else { throw KeyringError(.locked) }
      }
      return isAny
    }
  }

  private func remove(_ path: String, _ attributes: Attributes) throws(KeyringError) {
    do throws(KeyringError) {
      guard let prompt = try client.delete(path) else { return }
      _ = try client.prompt(prompt, .remove, dialogs)
    } catch {
      switch error.kind {
      case .vanished: return  // Another process was faster.
      // KeePassXC prompts for each removal, so the token is overwritten and its item stays.
      case .needsPrompt where attributes.kind == .token:
        try client.setSecret(Secret(copying: "\n"), of: path)
      default: throw error
      }
    }
  }

  // MARK: Repeating

  /// The result of `work`. After a failure that may pass, `work` is repeated once with a new session,
  /// unless the user was prompted: there would be a second prompt.
  private func repeating<Value: ~Copyable>(
    _ work: () throws(KeyringError) -> Value
  ) throws(KeyringError) -> Value {
    do {
      return try work()
    } catch {
      guard error.kind.mayPass, !client.hasPrompted else { throw error }
      client.reconnect()
      return try work()
    }
  }
}

extension KeyringError.Kind {
  /// Whether it may be different next time: a session that failed at random (KWallet), an item that
  /// was removed, a provider that was restarted.
  fileprivate var mayPass: Bool {
    switch self {
    case .damaged, .vanished, .died, .failed, .unexpectedReply, .noSession: true
    default: false
    }
  }
}
