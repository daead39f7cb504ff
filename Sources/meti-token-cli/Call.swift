import Keyring
import MetiToken
import System
import TokenEndpoint

/// One call of the program: what it is about, how long it may take, and the adapters it uses.
struct Call {
  let selector: AccountSelector
  let deadline: Deadline
  let clock = SystemClock()
  let interaction: Interaction
  /// Shows a line with `--verbose`.
  let verbose: @Sendable (String) -> Void
  /// Whether an option or `METI_ACCOUNT` says which account is meant.
  let isAccountNamed: Bool
  let renewal: Renewal
  let store: any CredentialStore
  let cache: KernelCache
  let locks: FileLock
  /// Whether the account comes from the environment and not from the keyring.
  var isFromEnvironment: Bool { store is EnvironmentStore }

  /// For the helper verbs, reading the request included, in milliseconds, so that the program has
  /// ended by 8 seconds: Bazel gives up after 10.
  static let helperLimit: Int64 = 7_500

  /// The end of a call that begins now.
  static func deadline(_ settings: Settings, _ clock: any Clock) throws -> Deadline {
    let limit = try CallEnvironment.timeout(settings) * 1000
    return Deadline(settings.isHelper ? min(limit, helperLimit) : limit, from: clock.now())
  }

  /// - Parameter begun: the end of a call that has begun already.
  init(_ settings: Settings, until begun: Deadline? = nil) throws {
    try CallEnvironment.check()
    selector = try CallEnvironment.selector(settings)
    let limit = try Self.deadline(settings, clock)
    let deadline = begun ?? limit
    self.deadline = deadline
    let own = try Interaction(
      hasTerminal: !settings.isHelper && Terminal.isForeground, variable: Process.variable)
    interaction = settings.noPrompt ? .none : own
    isAccountNamed = settings.account != nil || CallEnvironment.value("METI_ACCOUNT") != nil
    verbose = settings.isVerbose ? { @Sendable in Console.detail($0) } : { _ in }

    locks = FileLock(directory: LockDirectory.find(Process.variable), clock: clock)
    let environment =
      settings.isForKeyring ? nil : try EnvironmentStore(for: selector, until: deadline, clock)
    if let environment {
      if let path = environment.source.exposedFile {
        Console.warning("others may read \(path); protect it with: chmod 600")
      }
      store = environment
    } else {
      store = KeyringStore(
        bus: BusAddress.find(Process.variable), clock: clock, call: deadline,
        interaction: interaction, locks: locks, announce: Console.say,
        verbose: verbose)
    }
    cache = KernelCache(
      isEnabled: try CallEnvironment.usesKernelCache(), suffix: environment?.cacheSuffix ?? "")
    renewal = Renewal(
      cache: cache, store: store, defaults: DefaultAccountFile(Process.variable),
      issuer: TokenEndpoint(
        clock: clock, caFile: CallEnvironment.caFile, onDetail: verbose,
        onSlow: { Console.waiting("waiting for METI to answer") }),
      locks: locks, clock: clock,
      report: { [verbose] warning in
        let (text, cause) = warning.words
        Console.warning(text + (cause.map { ": \($0.message)" } ?? ""))
        if let detail = cause?.detail, !detail.isEmpty { verbose(detail) }
      },
      step: verbose,
      wait: Console.waiting)
  }

  /// The selected account.
  func account() throws -> Account { try renewal.account(for: selector) }

  /// A valid token. On a terminal, a user who has stored nothing yet is offered to log in.
  func token(for request: TokenRequest) throws -> Token {
    do {
      return try validToken(for: request)
    } catch TokenError.noAccount(let selector) where interaction.questions {
      return try Login(call: self).first(selector)
    }
  }

  /// What `body` gives. The time that it takes, of a user or another program, does not count against
  /// the call's.
  func uncounted<Value: ~Copyable>(_ body: () throws -> Value) rethrows -> Value {
    let start = clock.now()
    defer { deadline.extend(by: clock.now().boot - start.boot) }
    return try body()
  }

  /// Discards the account's token if `isMeant` says so of it.
  func reject(where isMeant: (borrowing Secret) -> Bool) throws {
    let isRemoved = try renewal.reject(account(), until: deadline, where: isMeant)
    verbose(isRemoved ? "the token was discarded" : "this token is not stored")
  }
}
