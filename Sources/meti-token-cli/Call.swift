import FileLock
import Glibc
import KernelCache
import Keyring
import MetiToken
import Posix

import struct TokenEndpoint.TokenEndpoint

/// One call of the program: what it is about, how long it may take, and the adapters it uses.
struct Call {
  let selector: AccountSelector
  let deadline: Deadline
  let clock: any Clock
  /// Whether a person sits at a terminal and may be asked.
  let mayAsk: Bool
  let isVerbose: Bool
  let renewal: Renewal
  let store: any CredentialStore
  let cache: any TokenCache
  let lock: FileLock
  /// Whether the account comes with the environment and not from the keyring.
  var isFromEnvironment: Bool { store is EnvironmentStore }

  /// The certificates that METI's is checked against, where they are not the system's.
  static var caFile: String? {
    ["METI_CA_FILE", "SSL_CERT_FILE"].lazy.compactMap(Process.variable).first { !$0.isEmpty }
  }

  /// For the whole call, in seconds, where nothing else is said.
  static let standardTimeout: Int64 = 30

  /// - Parameters:
  ///   - forgets: what is in the kernel tier is found even where that is switched off.
  ///   - begun: the end of a call that is under way already.
  ///   - memory: of a program that makes more than one call.
  init(
    _ settings: Settings, forgets: Bool = false, until begun: Deadline? = nil,
    memory: TokenMemory? = nil
  ) throws(Failure) {
    let environment = try Self.environment()
    let clock = SystemClock()
    self.clock = clock
    isVerbose = settings.isVerbose
    let isVerbose = settings.isVerbose
    let verbose: @Sendable (String) -> Void = { if isVerbose { Voice.detail($0) } }

    selector = try Self.selector(settings, environment)
    let seconds = try Self.timeout(settings) ?? Self.standardTimeout
    deadline = begun ?? Deadline(seconds * 1000, from: clock.now())
    mayAsk =
      !settings.noPrompt && Process.variable("METI_TOKEN_INTERACTIVE") != "0" && Terminal() != nil
    let usesKernelTier = try Self.usesKernelTier(environment)

    lock = Self.lock(clock)
    var kernel = KernelCache()
    var memory = memory
    if !settings.isForKeyring,
      let own = try EnvironmentStore(for: selector, until: deadline, clock)
    {
      if let path = own.exposedFile {
        Voice.warning("others may read \(path); it should be its owner's alone (chmod 600)")
      }
      store = own
      kernel = KernelCache(environment.variant(of: selector))
    } else {
      memory = nil
      store = KeyringStore(
        busAddress: BusAddress.find(Process.variable)?.address, clock: clock, call: deadline,
        person: mayAsk ? .present(told: Voice.say) : .absent,
        handshake: Self.handshake(lock),
        verbose: isVerbose ? verbose : nil)
    }
    let tier: any TokenCache = usesKernelTier || forgets ? kernel : NoCache(kernel: kernel)
    cache = memory.map { MemoryCache(before: tier, $0) } ?? tier
    renewal = Renewal(
      cache: cache, store: store,
      issuer: AnnouncedIssuer(
        issuer: TokenEndpoint(clock: clock, caFile: Self.caFile, onDetail: verbose)),
      lock: AnnouncedLock(lock: lock), clock: AnnouncedClock(clock: clock),
      report: { warning in
        Voice.warning(warning.text)
        if !warning.detail.isEmpty { verbose(warning.detail) }
      })
  }

  /// The account that is meant, found in the keyring where it is not named.
  func account() throws(Failure) -> Account {
    do { return try renewal.account(for: selector) } catch { throw Failure(error) }
  }

  /// - Throws: `usage` where a variable is not UTF-8, for it would be taken for another value. The
  ///   secrets are read byte for byte, elsewhere.
  static func environment() throws(Failure) -> CallEnvironment {
    for name in [
      "METI_API_URL", "METI_ACCOUNT", "METI_EMAIL", "METI_CLIENT_ID", "METI_PASSWORD_FILE",
      "METI_CLIENT_SECRET_FILE", "METI_TOKEN_URL", "METI_AUDIENCE", "METI_SCOPE",
      "METI_TOKEN_CACHE", "METI_TOKEN_TIMEOUT", "METI_CA_FILE", "SSL_CERT_FILE",
      "CREDENTIALS_DIRECTORY",
    ] where !Process.isLegible(name) {
      throw Failure.usage("\(name) is not UTF-8", hint: "see ENVIRONMENT in meti-token(1)")
    }
    return CallEnvironment(Process.variable)
  }

  static func lock(_ clock: any Clock) -> FileLock {
    FileLock(
      directories: LockDirectory.all(Process.variable), clock: clock, lastResort: KernelNotes(),
      whenUnlocked: {
        Voice.warning(
          "there is no directory for locks, so calls at the same time each ask METI; "
            + "see FILES in meti-token(1)")
      })
  }

  /// Lets one process at a time open a session with the keyring.
  static func handshake(_ lock: FileLock) -> (Deadline) throws(KeyringError) -> AnyObject? {
    { deadline throws(KeyringError) in
      do {
        return try lock.acquire(named: "keyring", until: deadline)
      } catch {
        throw KeyringError(.notAnswering, detail: "another process is opening its session")
      }
    }
  }

  static func selector(
    _ settings: Settings, _ environment: CallEnvironment
  ) throws(Failure) -> AccountSelector {
    let api: APIURL
    do {
      api = try (settings.apiURL ?? environment.apiURL).map(APIURL.init) ?? .standard
    } catch {
      throw Failure(error)
    }
    guard let name = settings.account ?? environment.account else {
      return AccountSelector(api: api, name: nil)
    }
    guard settings.acceptsAnyName else {
      return AccountSelector(try Account(entered: name, api: api))
    }
    do {
      return AccountSelector(try Account(name: name, api: api))
    } catch {
      throw Failure(error)
    }
  }

  static func timeout(_ settings: Settings) throws(Failure) -> Int64? {
    if let timeout = settings.timeout { return max(timeout, 1) }
    guard let text = Process.variable("METI_TOKEN_TIMEOUT"), !text.isEmpty else { return nil }
    guard let timeout = Duration(argument: text) else {
      throw Failure.usage(
        "METI_TOKEN_TIMEOUT is not a duration such as 30, 90s, 5m or 1h",
        hint: "see ENVIRONMENT in meti-token(1)")
    }
    return max(timeout.seconds, 1)
  }

  static func usesKernelTier(_ environment: CallEnvironment) throws(Failure) -> Bool {
    switch environment.cache {
    case nil, "kernel": return true
    case "keyring": return false
    default:
      throw Failure.usage(
        "METI_TOKEN_CACHE is neither kernel nor keyring",
        hint: "see ENVIRONMENT in meti-token(1)")
    }
  }
}

/// Notes that no lock file can hold, in the kernel's keyring.
struct KernelNotes: NoteShelf {
  func note(_ name: String) -> String { KernelNote.text(of: name) }
  func keep(_ note: String, as name: String, seconds: UInt32) -> Bool {
    KernelNote.keep(note, of: name, seconds: seconds)
  }
}

/// Stands for the kernel tier where it is switched off. What was kept before is still dropped.
struct NoCache: TokenCache {
  let kernel: KernelCache

  func find(_ selector: AccountSelector, at now: Moment) -> Token? { nil }
  func shelf(for selector: AccountSelector) -> Shelf? { nil }
  func keep(_ token: borrowing Token, on shelf: Shelf, at now: Moment) {}
  func clear(_ shelf: Shelf) {}
  func drop(_ selector: AccountSelector) { kernel.drop(selector) }
}
