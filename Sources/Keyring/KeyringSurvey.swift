import MetiToken

/// Looks at a keyring without asking anybody and without changing anything: nothing is unlocked,
/// stored or removed. The steps go from the bus inwards; after one that fails the later ones have
/// nothing to stand on.
@safe public final class KeyringSurvey {
  private let connection: SecretServiceConnection
  private let deadline: Deadline

  /// - Parameters:
  ///   - deadline: of all steps together.
  ///   - handshake, verbose: as ``KeyringStore`` has them.
  public init(
    busAddress: String?, clock: any Clock, until deadline: Deadline,
    handshake: @escaping (Deadline) throws(KeyringError) -> AnyObject?,
    verbose: (@Sendable (String) -> Void)?
  ) {
    self.deadline = deadline
    connection = SecretServiceConnection(
      busAddress: busAddress, waiter: Waiter(clock: clock, call: deadline, person: .absent),
      handshake: handshake)
    Log.redirect(to: verbose)
  }

  /// For all steps together, in milliseconds: what one operation of a call gets.
  public static let budget = KeyringStore.quietBudget

  private static let name = "org.freedesktop.secrets"

  public func connect() throws(KeyringError) {
    _ = try unsafe connection.connectedToBus(until: deadline)
  }

  /// Whether somebody provides the Secret Service now, and which process. Starts nothing.
  public func provider() throws(KeyringError) -> Provider? {
    guard let owner = try connection.owner(of: Self.name, until: deadline) else { return nil }
    let process = try? connection.process(of: owner, until: deadline)
    return Provider(processID: process.flatMap { Int32(exactly: $0) })
  }

  public struct Provider: Equatable, Sendable {
    /// `nil` where the bus does not tell.
    public let processID: Int32?
  }

  /// Whether the bus knows how to start a provider.
  public func canStartProvider() throws(KeyringError) -> Bool {
    try connection.activatableNames(until: deadline).contains(Self.name)
  }

  /// The collection behind the alias "default"; `nil` where there is none. Where no provider runs,
  /// the bus starts one, as for any call.
  public func defaultCollection() throws(KeyringError) -> Collection? {
    guard let path = try connection.defaultCollection(until: deadline) else { return nil }
    let interface = "org.freedesktop.Secret.Collection"
    let label = try connection.property(
      "Label", ofInterface: interface, at: path, until: deadline
    ) { $0.string }
    let isLocked = try connection.property(
      "Locked", ofInterface: interface, at: path, until: deadline
    ) { $0.bool }
    return Collection(label: label, isLocked: isLocked)
  }

  public struct Collection: Equatable, Sendable {
    /// Its name.
    public let label: String
    public let isLocked: Bool
  }

  /// The items of `api`, in all collections. No secret is read.
  public func items(at api: APIURL) throws(KeyringError) -> Items {
    let accounts = try connection.search(Attributes(.account, at: api), until: deadline)
    let tokens = try connection.search(Attributes(.token, at: api), until: deadline)
    let defaults = try connection.search(Attributes(.default, at: api), until: deadline)
    var items = Items(tokens: tokens, defaults: defaults)
    for (paths, isLocked) in [(accounts.unlocked, false), (accounts.locked, true)] {
      for path in paths {
        let attributes = try connection.itemProperty("Attributes", of: path, until: deadline) {
          $0.dictionary
        }
        guard let name = attributes?["meti-account"],
          let account = try? Account(name: name, api: api)
        else { continue }
        items.accounts.append(Items.Stored(account: account, isLocked: isLocked, path: path))
      }
    }
    return items
  }

  public struct Items: Sendable {
    public fileprivate(set) var accounts: [Stored] = []
    public let tokens: Int
    public let lockedTokens: Int
    public let defaults: Int
    public let lockedDefaults: Int
    fileprivate let defaultPath: String?

    fileprivate init(
      tokens: SecretServiceConnection.Found, defaults: SecretServiceConnection.Found
    ) {
      self.tokens = tokens.unlocked.count + tokens.locked.count
      lockedTokens = tokens.locked.count
      self.defaults = defaults.unlocked.count + defaults.locked.count
      lockedDefaults = defaults.locked.count
      defaultPath = defaults.unlocked.first
    }

    public struct Stored: Sendable {
      public let account: Account
      public let isLocked: Bool
      fileprivate let path: String
    }
  }

  /// Opens the session in which secrets are sent. A provider asks nobody for that.
  public func openSession() throws(KeyringError) {
    try connection.openSession(until: deadline)
  }

  /// The name of the default account; `nil` where none is noted or it cannot be read.
  public func defaultName(_ items: Items) throws(KeyringError) -> String? {
    guard let path = items.defaultPath,
      let secret = try connection.secret(path, until: deadline)
    else { return nil }
    return StoredBody(secret)?.secret().withBytes { $0.text }
  }

  /// The credential of an unlocked item; `nil` where it is damaged. A provider that asks for a
  /// passphrase of its own to decrypt an item does so here; who must not be asked does not call.
  public func credential(_ stored: Items.Stored) throws(KeyringError) -> Credential? {
    guard !stored.isLocked, let secret = try connection.secret(stored.path, until: deadline) else {
      return nil
    }
    return Credential(stored: secret, account: stored.account)
  }
}
