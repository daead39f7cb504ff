import Keyring
import MetiToken
import System

/// The checks of the desktop keyring, from the bus inwards: after a failure the others are skipped.
extension Doctor {
  func keyring(until deadline: Deadline) {
    let bus = BusAddress.find(Process.variable)
    let keyring = KeyringStore(
      bus: bus, clock: call.clock, call: deadline, interaction: .none, locks: call.locks,
      announce: { _ in }, verbose: call.verbose)
    let state = check(.bus) {
      try keyring.connect()
      let origin = bus?.isFromEnvironment == true ? "from DBUS_SESSION_BUS_ADDRESS" : "found there"
      return (.ok, "\(bus?.text ?? ""), \(origin)", nil)
    }
    guard state == .ok else { return skip([.provider, .collection], "not checked: see bus") }

    let running = keyring.provider.map { "\(Self.program($0)), process \($0): " }
    let provider = check(.provider, of: running ?? "") {
      // Starts a provider if none is running, as any call does.
      try keyring.openSession()
      guard let id = keyring.provider else { return (.ok, "an unknown program", nil) }
      isQuiet = Self.quietProviders.contains(Self.program(id))
      return (.ok, "\(Self.program(id)), process \(id)", nil)
    }
    guard provider == .ok else { return skip([.collection], "not checked: see provider") }

    check(.collection) {
      // Opens what opens without a prompt, as any call does.
      let stored = try keyring.accounts(at: call.selector.api)
      self.stored = stored
      guard let collection = try keyring.defaultCollection() else {
        let failure = Failure(KeyringError(.noCollection))
        return (.warning, failure.message, failure.hint)
      }
      let label = "\"\(collection.label)\""
      let locked = Report.counted(stored.locked, "locked account")
      if collection.isLocked {
        let failure = Failure(KeyringError(.locked))
        throw Failure(
          .keyring, "\(label): \(failure.message) (\(locked))", hint: failure.hint)
      }
      guard stored.locked == 0 else {
        let hint = "unlock that keyring on the desktop"
        return (.warning, "\(label) is open; another keyring has \(locked)", hint)
      }
      return (.ok, "\(label) is open, with \(Report.counted(stored.names.count, "account"))", nil)
    }
  }

  /// The providers that return the secret of an open item without a prompt. pass-secret-service, for
  /// one, makes GnuPG ask for a passphrase.
  private static let quietProviders = [
    "gnome-keyring-daemon", "kwalletd5", "kwalletd6", "ksecretd", "keepassxc",
  ]

  /// The name of the program that provides the Secret Service. D-Bus does not know it.
  private static func program(_ process: Int32) -> String {
    // The kernel keeps 15 bytes of it (proc(5)).
    let name = File.text("/proc/\(process)/comm", limit: 64)?.split(separator: "\n").first
    let known = quietProviders.first { name == $0.prefix(15) }
    return known ?? name.map(String.init) ?? "an unknown program"
  }
}
