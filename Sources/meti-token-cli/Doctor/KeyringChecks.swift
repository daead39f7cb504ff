import Keyring
import MetiToken
import System

/// The checks of the desktop keyring, from the bus inwards: after a failure the others are skipped.
struct KeyringChecks {
  private(set) var checks: [Check] = []
  /// `nil` if the keyring cannot be read.
  private(set) var stored: StoredAccounts?
  /// Whether the keyring returns the secret of an open item without a prompt, as far as is known.
  private(set) var isQuiet = false

  private let call: Call
  private let bus: BusAddress?
  private let probe: KeyringProbe

  init(_ call: Call, until deadline: Deadline) {
    self.call = call
    bus = BusAddress.find(Process.variable)
    probe = KeyringProbe(
      bus: bus, clock: call.clock, until: deadline, locks: call.lock,
      verbose: call.isVerbose ? { @Sendable in Console.detail($0) } : nil)
  }

  mutating func run() {
    let steps: [Check.ID] = [.bus, .provider, .collection]
    guard !call.isFromEnvironment else {
      checks = steps.map { Check($0, .skipped, "not needed: the account is in the environment") }
      return
    }
    do {
      try checkBus()
      try checkProvider()
      try checkCollection()
    } catch {
      let step = steps[checks.count]
      let hint = error.kind == .notAnswering ? "answer its dialog, or restart the keyring" : nil
      checks.append(Check(step, call.reported(error), hint: hint))
    }
    checks += steps[checks.count...].map { Check($0, .skipped, "not checked") }
  }

  private mutating func checkBus() throws(KeyringError) {
    try probe.connect()
    guard let bus else { return }
    let origin = bus.isFromEnvironment ? "from DBUS_SESSION_BUS_ADDRESS" : "in the runtime directory"
    checks.append(Check(.bus, .ok, "\(bus.text), \(origin)"))
  }

  private mutating func checkProvider() throws(KeyringError) {
    // Starts the provider if none is running, as any call does.
    let provider = ProviderProcess(id: try probe.provider())
    isQuiet = provider.isQuiet
    do {
      try probe.openSession()
    } catch {
      let hint =
        switch error.kind {
        case .noSession: provider.plugins.map { "install \($0)" }
        case .notAnswering: "answer its dialog, or restart the keyring"
        default: String?.none
        }
      let failure = call.reported(error)
      checks.append(
        Check(.provider, .failed(failure.status), "\(provider.text): \(failure.message)", hint: hint))
    }
  }

  private mutating func checkCollection() throws(KeyringError) {
    // Opens what opens without a prompt, as any call does.
    let stored = try call.store.accounts(at: call.selector.api)
    guard let collection = try probe.defaultCollection() else {
      let (message, hint) = FailureText.of(.noCollection)
      checks.append(Check(.collection, .warning, message, hint: hint))
      self.stored = stored
      return
    }
    let locked = stored.locked == 1 ? "1 locked account" : "\(stored.locked) locked accounts"
    if collection.isLocked {
      let (message, hint) = FailureText.of(.locked)
      let detail = "\"\(collection.label)\": \(message)"
      checks.append(Check(.collection, .failed(.keyring), "\(detail) (\(locked))", hint: hint))
    } else if stored.locked > 0 {
      checks.append(
        Check(
          .collection, .warning, "\"\(collection.label)\" is open; another keyring has \(locked)",
          hint: "unlock that keyring on the desktop"))
    } else {
      let count = stored.names.count == 1 ? "1 account" : "\(stored.names.count) accounts"
      checks.append(Check(.collection, .ok, "\"\(collection.label)\" is open, with \(count)"))
    }
    self.stored = stored
  }
}
