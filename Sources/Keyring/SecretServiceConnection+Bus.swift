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
    let bus = try unsafe connectedToBus(until: deadline)
    let result = try unsafe waiter.result(until: deadline) { done, data in
      var arguments = unsafe argument.map { unsafe [g_variant_new_string($0)] } ?? []
      let count = unsafe gsize(arguments.count)
      unsafe g_dbus_connection_call(
        bus, "org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus", method,
        g_variant_new_tuple(&arguments, count), nil, G_DBUS_CALL_FLAGS_NONE, -1, nil, done, data)
    }
    defer { unsafe g_object_unref(UnsafeMutableRawPointer(result)) }
    var error: UnsafeMutablePointer<GError>?
    let reply = unsafe g_dbus_connection_call_finish(bus, result, &error)
    if let error = unsafe error { throw unsafe KeyringError(taking: error) }
    guard let reply = unsafe reply else { return nil }
    defer { unsafe g_variant_unref(reply) }
    return unsafe Variant(firstOf: reply)
  }
}
