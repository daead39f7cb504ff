import CLibsecret
import MetiToken

/// What the bus itself knows (D-Bus specification, "Message Bus Messages").
extension SecretServiceConnection {
  /// The unique name of the owner of `name`; `nil` where nobody has it.
  func owner(of name: String, until deadline: Deadline) throws(KeyringError) -> String? {
    do {
      return try ask("GetNameOwner", name, until: deadline)?.string
    } catch {
      guard error.kind == .noProvider else { throw error }
      return nil
    }
  }

  /// The process behind a name; `nil` where the bus cannot tell.
  func process(of name: String, until deadline: Deadline) throws(KeyringError) -> UInt32? {
    try ask("GetConnectionUnixProcessID", name, until: deadline)?.uint32
  }

  /// The names whose owners the bus can start.
  func activatableNames(until deadline: Deadline) throws(KeyringError) -> [String] {
    try ask("ListActivatableNames", until: deadline)?.strings ?? []
  }

  /// Calls a method of the bus (g_dbus_connection_call); the first value of its answer.
  private func ask(
    _ method: String, _ argument: String? = nil, until deadline: Deadline
  ) throws(KeyringError) -> Variant? {
    try unsafe waiter.call(
      method, of: "org.freedesktop.DBus", at: "/org/freedesktop/DBus", of: "org.freedesktop.DBus",
      over: connectedToBus(until: deadline),
      argument.map { unsafe [g_variant_new_string($0)] } ?? [],
      until: deadline
    ).first
  }
}
