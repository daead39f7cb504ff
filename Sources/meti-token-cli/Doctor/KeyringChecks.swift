import Keyring
import MetiToken
import System

/// The checks of the desktop keyring, from the bus inwards: after a failure the others are skipped.
struct KeyringChecks {
  private(set) var checks: [Check] = []
  /// `nil` if the keyring cannot be read.
  private(set) var stored: StoredAccounts?
  private var provider: ProviderProcess?
  private let call: Call
  private let bus = BusAddress.find(Process.variable)
  private let probe: KeyringProbe

  /// Whether the keyring returns the secret of an open item without a prompt, as far as is known.
  var isQuiet: Bool { provider?.isQuiet ?? false }

  init(_ call: Call, until deadline: Deadline) {
    self.call = call
    probe = KeyringProbe(
      bus: bus, clock: call.clock, until: deadline, locks: call.locks,
      verbose: call.isVerbose ? { @Sendable in Console.detail($0) } : nil)
  }

  mutating func run() {
    let steps: [Check.ID] = [.bus, .provider, .collection]
    let isHandedIn = (try? call.handedIn()) != nil
    guard !call.isFromEnvironment, !isHandedIn else {
      let place = isHandedIn ? "METI_TOKEN has a token" : "the account is in the environment"
      checks = steps.map { Check($0, .skipped, "not needed: \(place)") }
      return
    }
    do throws(KeyringError) {
      try checkBus()
      try checkProvider()
      try checkCollection()
    } catch {
      let failure = call.reported(error)
      let place = checks.count == 1 ? provider.map { "\($0.text): " } ?? "" : ""
      let hint =
        switch error.kind {
        case .notAnswering: "answer the keyring's dialog, or restart the keyring"
        case .noSession: provider?.plugins.map { "install \($0)" } ?? failure.hint
        default: failure.hint ?? "see the reason with: meti-token doctor --verbose"
        }
      let check = steps[checks.count]
      checks.append(Check(check, .failed(failure.status), place + failure.message, hint: hint))
      checks += steps[checks.count...].map { Check($0, .skipped, "not checked: see \(check)") }
    }
  }

  private mutating func checkBus() throws(KeyringError) {
    try probe.connect()
    guard let bus else { throw KeyringError(.noBus(BusTrouble(.noAddress))) }
    let origin = bus.isFromEnvironment ? "from DBUS_SESSION_BUS_ADDRESS" : "found there"
    checks.append(Check(.bus, .ok, "\(bus.text), \(origin)"))
  }

  private mutating func checkProvider() throws(KeyringError) {
    provider = try probe.provider().map { ProviderProcess(id: $0.processID) }
    // Starts a provider if none is running, as any call does.
    try probe.openSession()
    let running = try probe.provider()
    provider = ProviderProcess(id: running?.processID)
    checks.append(Check(.provider, .ok, provider?.text ?? ""))
  }

  private mutating func checkCollection() throws(KeyringError) {
    // Opens what opens without a prompt, as any call does.
    let stored = try call.store.accounts(at: call.selector.api)
    self.stored = stored
    guard let collection = try probe.defaultCollection() else {
      let (message, hint) = FailureText.of(.noCollection)
      checks.append(Check(.collection, .warning, message, hint: hint))
      return
    }
    let locked = Self.counted(stored.locked, "locked account")
    if collection.isLocked {
      let (message, hint) = FailureText.of(.locked)
      let count = stored.locked > 0 ? " (\(locked))" : ""
      let detail = "\"\(collection.label)\": \(message)\(count)"
      checks.append(Check(.collection, .failed(.keyring), detail, hint: hint))
    } else if stored.locked > 0 {
      checks.append(
        Check(
          .collection, .warning, "\"\(collection.label)\" is open; another keyring has \(locked)",
          hint: "unlock that keyring on the desktop"))
    } else {
      let count = Self.counted(stored.names.count, "account")
      checks.append(Check(.collection, .ok, "\"\(collection.label)\" is open, with \(count)"))
    }
  }

  private static func counted(_ count: Int, _ noun: String) -> String {
    "\(count) \(noun)\(count == 1 ? "" : "s")"
  }
}
