import MetiToken

/// The desktop keyring (Secret Service).
///
/// Each method searches first, which prompts nobody and tells locked from absent. Reading opens
/// silently what opens without a dialog. Nothing is deleted or replaced because it cannot be read.
public final class KeyringStore: CredentialStore {
  private let client: SecretServiceClient
  private let mayPrompt: Bool

  /// - Parameters:
  ///   - bus: from ``BusAddress/find(_:standard:)``; `nil` makes every call fail.
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
    mayPrompt = interaction.dialogs != .never
    let loop = EventLoop(
      clock: clock, call: call, announce: interaction.dialogs == .waiting ? announce : nil)
    client = SecretServiceClient(bus: bus, loop: loop, locks: locks)
    Log.redirect(to: verbose)
  }

  // MARK: Reading

  public func accounts(at api: APIURL) throws(KeyringError) -> StoredAccounts {
    try repeating { () throws(KeyringError) in
      let found = try openedSilently(Attributes(kind: .account, selector: .any(api)))
      var names: [String] = []
      for path in found.unlocked {
        do throws(KeyringError) {
          let name = try client.property("Attributes", of: path) { $0.string(for: "meti-account") }
          names.append(name)
        } catch  where error.kind == .vanished {
          // Another process removes the account.
        }
      }
      return StoredAccounts(names: names, locked: found.locked.count)
    }
  }

  public func token(of account: Account) throws(KeyringError) -> Token? {
    try read(.token, account) { Token(stored: $0) }
  }

  public func credential(of account: Account) throws(KeyringError) -> Credential? {
    try read(.account, account) { Credential(stored: $0, account: account) }
  }

  /// What `parse` makes of the first readable item; `nil` if there is none. An empty secret, which a
  /// keyring leaves that was killed while it stored, is as good as none.
  private func read<Value: ~Copyable>(
    _ kind: Attributes.Kind, _ account: Account, _ parse: (consuming Secret) -> Value?
  ) throws(KeyringError) -> Value? {
    try repeating { () throws(KeyringError) in
      let found = try openedSilently(Attributes(kind: kind, selector: .named(account)))
      guard !found.unlocked.isEmpty || found.locked.isEmpty else { throw KeyringError(.locked) }
      for path in found.unlocked {
        // Not passed over: another item may have a password or a token that is no longer valid.
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
    let isEnough = attributes.selector.name != nil && !found.unlocked.isEmpty
    guard !found.locked.isEmpty, !isEnough else { return found }
    do {
      try client.unlock(found.locked, mayPrompt: false)
    } catch  where error.kind == .locked || error.kind == .dismissed {
      return found
    }
    return try client.search(attributes)
  }

  public func unlock(_ selector: AccountSelector) throws(KeyringError) {
    // Twice: KeePassXC shows its entries, which it may protect one by one, once its database is open.
    for _ in 0..<2 {
      let locked = try client.search(Attributes(kind: nil, selector: selector)).locked
      guard !locked.isEmpty else { return }
      try client.unlock(locked, mayPrompt: mayPrompt)
    }
  }

  // MARK: Writing

  public func prepareForWriting() throws(KeyringError) {
    try repeating { () throws(KeyringError) in _ = try writableCollection(mayPrompt) }
  }

  public func store(
    _ token: borrowing Token, of account: Account, mayPrompt: Bool
  ) throws(KeyringError) {
    try put(
      token.stored(), label: "METI token of \(account.name)", .token, account,
      self.mayPrompt && mayPrompt)
  }

  public func store(_ credential: borrowing Credential) throws(KeyringError) {
    let account = credential.account
    try put(
      credential.stored(), label: "METI account \(account.name)", .account, account, mayPrompt)
  }

  /// Replaces the secret of every item that is there, so that it does not matter which is read. Creates
  /// one only if there is none: KeePassXC prompts for each new item.
  private func put(
    _ body: borrowing Secret, label: String, _ kind: Attributes.Kind, _ account: Account,
    _ mayPrompt: Bool
  ) throws(KeyringError) {
    let attributes = Attributes(kind: kind, selector: .named(account))
    do {
      try repeating { () throws(KeyringError) in
        var found = try client.search(attributes)
        if found.unlocked.isEmpty, !found.locked.isEmpty {
          try client.unlock(found.locked, mayPrompt: mayPrompt)
          found = try client.search(attributes)
          guard found.locked.isEmpty else { throw KeyringError(.locked) }
        }
        for path in found.unlocked { try client.setSecret(body, of: path) }
        guard found.unlocked.isEmpty else { return }
        try client.create(
          body, label: label, attributes, in: writableCollection(mayPrompt), mayPrompt: mayPrompt)
      }
    } catch  where error.kind == .failed {
      throw KeyringError(.notStored, detail: error.detail)
    }
  }

  /// The default collection, unlocked, or created if there is none.
  private func writableCollection(_ mayPrompt: Bool) throws(KeyringError) -> String {
    guard let path = try client.defaultCollection() else {
      guard mayPrompt else { throw KeyringError(.noCollection) }
      return try client.createDefaultCollection(mayPrompt: mayPrompt)
    }
    if try client.property("Locked", of: path, as: { $0.bool }) {
      try client.unlock([path], mayPrompt: mayPrompt)
    }
    return path
  }

  // MARK: Removing

  public func removeToken(of account: Account) throws(KeyringError) -> Bool {
    try remove(Attributes(kind: .token, selector: .named(account)))
  }

  public func removeCredential(of account: Account) throws(KeyringError) -> Bool {
    try remove(Attributes(kind: .account, selector: .named(account)))
  }

  public func removeAll(at api: APIURL, tokensOnly: Bool) throws(KeyringError) -> Bool {
    try remove(
      Attributes(kind: tokensOnly ? .token : nil, selector: .any(api)))
  }

  /// Removes what is unlocked, then what can be unlocked, by path: names and attributes do not matter.
  private func remove(_ attributes: Attributes) throws(KeyringError) -> Bool {
    try repeating { () throws(KeyringError) in
      let before = try client.search(attributes)
      for path in before.unlocked { try remove(path, attributes) }
      guard !before.locked.isEmpty else { return !before.unlocked.isEmpty }
      try client.unlock(before.locked, mayPrompt: mayPrompt)
      let found = try client.search(attributes)
      for path in found.unlocked { try remove(path, attributes) }
      guard found.locked.isEmpty else { throw KeyringError(.locked) }
      return !(before.unlocked + found.unlocked).isEmpty
    }
  }

  private func remove(_ path: String, _ attributes: Attributes) throws(KeyringError) {
    do {
      try client.delete(path, mayPrompt: mayPrompt)
    } catch  where error.kind == .vanished {
      // Another process was faster.
    } catch  where error.kind == .needsPrompt && attributes.kind == .token {
      // KeePassXC prompts for each removal, so the token is overwritten and its item stays.
      try client.setSecret(Secret(copying: "\n"), of: path)
    }
  }

  // MARK: Looking, for `doctor`

  /// Connects to the bus.
  public func connect() throws(KeyringError) { _ = try unsafe client.connected() }

  /// The process of the provider that is running; `nil` if none is, or the bus does not know it. Starts
  /// nothing.
  public var provider: Int32? {
    let process = client.askBus(
      "GetConnectionUnixProcessID", about: SecretServiceClient.name, reply: "(u)")
    return process?.uint32.flatMap { Int32(exactly: $0) }
  }

  /// Opens the session in which secrets are sent. If no provider is running, the bus starts one.
  public func openSession() throws(KeyringError) { try client.openSession() }

  /// The label of the default collection and whether it is locked; `nil` if there is none.
  public func defaultCollection() throws(KeyringError) -> (label: String, isLocked: Bool)? {
    guard let path = try client.defaultCollection() else { return nil }
    return (
      try client.property("Label", of: path) { $0.string },
      try client.property("Locked", of: path) { $0.bool }
    )
  }

  // MARK: Repeating

  /// The result of `work`. After a failure that may pass, `work` is repeated once on a new connection,
  /// unless the user was prompted: there would be a second prompt.
  private func repeating<Value: ~Copyable>(
    _ work: () throws(KeyringError) -> Value
  ) throws(KeyringError) -> Value {
    do {
      return try work()
    } catch {
      // A session that failed at random (KWallet), an item that was removed, a provider that was
      // restarted.
      let mayPass = [.damaged, .vanished, .died, .failed, .noSession].contains(error.kind)
      guard mayPass, !client.hasPrompted else { throw error }
      client.reconnect()
      return try work()
    }
  }
}
