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

  init(_ call: Call, isNeeded: Bool, until deadline: Deadline) {
    let steps: [Check.ID] = [.bus, .provider, .collection]
    guard isNeeded, !call.isFromEnvironment else {
      checks = steps.map { Check($0, .skipped, "not needed: see account") }
      stored = call.isFromEnvironment ? try? call.store.accounts(at: call.selector.api) : nil
      return
    }
    let bus = BusAddress.find(Process.variable)
    let keyring = KeyringStore(
      bus: bus, clock: call.clock, call: deadline, interaction: .none, locks: call.locks,
      announce: { _ in }, verbose: call.verbose)
    var provider: ProviderProcess?
    do throws(KeyringError) {
      try keyring.connect()
      let origin = bus?.isFromEnvironment == true ? "from DBUS_SESSION_BUS_ADDRESS" : "found there"
      checks.append(Check(.bus, .ok, "\(bus?.text ?? ""), \(origin)"))

      provider = ProviderProcess(id: keyring.provider)
      // Starts a provider if none is running, as any call does.
      try keyring.openSession()
      provider = ProviderProcess(id: keyring.provider)
      isQuiet = provider?.isQuiet ?? false
      checks.append(Check(.provider, .ok, provider?.text ?? "an unknown program"))

      // Opens what opens without a prompt, as any call does.
      let stored = try keyring.accounts(at: call.selector.api)
      self.stored = stored
      checks.append(Self.collection(try keyring.defaultCollection(), stored))
    } catch {
      let failure = call.reported(error)
      let place = checks.count == 1 ? provider.map { "\($0.text): " } ?? "" : ""
      let step = steps[checks.count]
      let hint =
        error.kind == .notAnswering
        ? "answer the keyring's dialog, or restart the keyring"
        : failure.hint ?? "see the reason with: meti-token doctor --verbose"
      checks.append(
        Check(step, .failed, place + failure.message, hint: hint, status: failure.status))
      checks += steps[checks.count...].map { Check($0, .skipped, "not checked: see \(step)") }
    }
  }

  private static func collection(
    _ collection: (label: String, isLocked: Bool)?, _ stored: StoredAccounts
  ) -> Check {
    guard let collection else {
      return Check(.collection, Failure(KeyringError(.noCollection)), .warning)
    }
    let locked = Report.counted(stored.locked, "locked account")
    if collection.isLocked {
      let failure = Failure(KeyringError(.locked))
      return Check(
        .collection, .failed, "\"\(collection.label)\": \(failure.message) (\(locked))",
        hint: failure.hint, status: failure.status)
    }
    if stored.locked > 0 {
      return Check(
        .collection, .warning, "\"\(collection.label)\" is open; another keyring has \(locked)",
        hint: "unlock that keyring on the desktop")
    }
    let count = Report.counted(stored.names.count, "account")
    return Check(.collection, .ok, "\"\(collection.label)\" is open, with \(count)")
  }
}

/// The program that provides the Secret Service. D-Bus has no name for it, so its process must do.
private struct ProviderProcess {
  private let id: Int32
  private let name: String?

  /// The providers that return the secret of an open item without a prompt. pass-secret-service, for
  /// one, makes GnuPG ask for a passphrase.
  private static let known = [
    "gnome-keyring-daemon", "kwalletd5", "kwalletd6", "ksecretd", "keepassxc",
  ]

  init?(id: Int32?) {
    guard let id else { return nil }
    self.id = id
    // The kernel keeps 15 bytes (proc(5)).
    let comm = File.text("/proc/\(id)/comm", limit: 64)?.split(separator: "\n").first
      .map(String.init)
    name = Self.known.first { $0.prefix(15) == comm ?? "" } ?? comm
  }

  var isQuiet: Bool { name.map(Self.known.contains) ?? false }

  var text: String { "\(name ?? "an unknown program"), process \(id)" }
}
