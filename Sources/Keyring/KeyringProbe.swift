import MetiToken

/// Looks at a keyring for `doctor`, from the bus inwards. Prompts nobody, and unlocks, stores and
/// removes nothing.
public final class KeyringProbe {
  private let client: SecretServiceClient

  /// - Parameter deadline: of all steps together.
  public init(
    bus: BusAddress?, clock: any Clock, until deadline: Deadline, locks: any Locks,
    verbose: (@Sendable (String) -> Void)? = nil
  ) {
    client = SecretServiceClient(
      bus: bus, loop: EventLoop(clock: clock, call: deadline), locks: locks)
    Log.redirect(to: verbose)
  }

  /// Connects to the bus.
  public func connect() throws(KeyringError) { _ = try unsafe client.connectedToBus() }

  /// Who provides the Secret Service.
  public struct Provider: Equatable, Sendable {
    /// The unique name on the bus.
    public let name: String
    /// `nil` if the bus does not know it.
    public let processID: Int32?
  }

  /// The provider that is running; `nil` if none is. Starts nothing.
  public func provider() throws(KeyringError) -> Provider? {
    guard let name = try client.owner(of: SecretServiceClient.name) else { return nil }
    let process = try? client.askBus(
      "GetConnectionUnixProcessID", [.string(name)], reply: "(u)"
    ).uint32
    return Provider(name: name, processID: process.flatMap { Int32(exactly: $0) })
  }

  /// Whether the bus can start a provider.
  public func canStartProvider() throws(KeyringError) -> Bool {
    try client.askBus("ListActivatableNames", reply: "(as)").strings
      .contains(SecretServiceClient.name)
  }

  public struct Collection: Equatable, Sendable {
    public let label: String
    public let isLocked: Bool
  }

  /// The default collection; `nil` if there is none. If no provider is running, the bus starts one, as
  /// for any call.
  public func defaultCollection() throws(KeyringError) -> Collection? {
    guard let path = try client.defaultCollection() else { return nil }
    return Collection(
      label: try client.property("Label", of: path) { $0.string },
      isLocked: try client.property("Locked", of: path) { $0.bool })
  }

  /// How many items there are, in all collections.
  public struct Items: Equatable, Sendable {
    public let accounts: Int
    public let lockedAccounts: Int
    public let tokens: Int
    public let lockedTokens: Int
  }

  public func items(at api: APIURL) throws(KeyringError) -> Items {
    let accounts = try client.search(Attributes(.account, at: api))
    let tokens = try client.search(Attributes(.token, at: api))
    return Items(
      accounts: accounts.unlocked.count + accounts.locked.count,
      lockedAccounts: accounts.locked.count,
      tokens: tokens.unlocked.count + tokens.locked.count, lockedTokens: tokens.locked.count)
  }

  /// Opens the session in which secrets are sent.
  public func openSession() throws(KeyringError) { try client.openSession() }
}
