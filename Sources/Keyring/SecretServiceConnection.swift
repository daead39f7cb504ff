import CLibsecret
import Glibc
import MetiToken

/// One session with the secret service. Every C call is entered, checked and left here.
@safe final class SecretServiceConnection {
  let waiter: Waiter
  private let handshake: (Deadline) throws(KeyringError) -> AnyObject?
  private let busAddress: String?
  private var service: UnsafeMutablePointer<SecretService>?
  /// GLib's shared connection; it lives as long as the process.
  private var bus: OpaquePointer?
  /// The number of ``Waiter/prompts`` among its filters.
  private var filter: guint = 0

  /// - Parameter handshake: holds a lock for as long as the answer lives; gnome-keyring 50 aborts
  ///   when several clients open their sessions at once.
  init(
    busAddress: String?, waiter: Waiter,
    handshake: @escaping (Deadline) throws(KeyringError) -> AnyObject?
  ) {
    self.busAddress = busAddress
    self.waiter = waiter
    self.handshake = handshake
  }

  deinit {
    if let bus = unsafe bus { unsafe g_dbus_connection_remove_filter(bus, filter) }
    // What a call that was left behind may still come back to stays.
    if !waiter.hasGivenUp { reconnect() }
    // libsecret watches the provider's name from the default context, and GDBus lets go of filters
    // there. Nobody runs it, and in a process that makes many connections what waits would pile up.
    while g_main_context_iteration(nil, 0) != 0 {}
  }

  /// Object paths of items (Secret Service, "Object Path").
  struct Found {
    var unlocked: [String]
    var locked: [String]
    var isEmpty: Bool { unlocked.isEmpty && locked.isEmpty }
  }

  /// Searches without unlocking anything and without a session, so nobody is asked
  /// (secret_service_search_for_dbus_paths).
  func search(_ attributes: Attributes, until deadline: Deadline) throws(KeyringError) -> Found {
    try finish(try beginSearch(attributes, until: deadline), until: deadline)
  }

  /// A search on its way.
  func beginSearch(
    _ attributes: Attributes, until deadline: Deadline
  ) throws(KeyringError) -> Waiter.Answer {
    let service = try unsafe connected(until: deadline)
    let table = unsafe attributes.table()
    defer { unsafe g_hash_table_unref(table) }
    return unsafe waiter.begin { done, data in
      unsafe secret_service_search_for_dbus_paths(
        service, meti_schema(), table, nil, done, data)
    }
  }

  /// What a search that was begun has found.
  func finish(_ search: Waiter.Answer, until deadline: Deadline) throws(KeyringError) -> Found {
    let service = try unsafe connected(until: deadline)
    var unlocked: UnsafeMutablePointer<UnsafeMutablePointer<gchar>?>?
    var locked: UnsafeMutablePointer<UnsafeMutablePointer<gchar>?>?
    do {
      _ = try unsafe waiter.value(of: search, until: deadline, mayAsk: true) { result, error in
        unsafe secret_service_search_for_dbus_paths_finish(
          service, result, &unlocked, &locked, error)
      }
    } catch  where error.kind == .vanished {
      // The service itself: who has its name on the bus does not provide it.
      throw KeyringError(.failed, detail: error.detail)
    }
    return unsafe Found(
      unlocked: Self.strings(taking: unlocked), locked: Self.strings(taking: locked))
  }

  /// The secrets of several items in one call, each handed to `take` with its path
  /// (secret_service_get_secrets_for_dbus_paths). What gives none is left out.
  func secrets(
    _ paths: [String], until deadline: Deadline, take: (String, consuming Secret) -> Void
  ) throws(KeyringError) {
    let service = try unsafe connected(until: deadline)
    try openSession(until: deadline)
    let array = unsafe Self.array(paths)
    defer { unsafe g_strfreev(array) }
    let table = try unsafe waiter.value(until: deadline, mayAsk: true) { done, data in
      let paths = unsafe UnsafeMutableRawPointer(array)
        .assumingMemoryBound(to: UnsafePointer<gchar>?.self)
      unsafe secret_service_get_secrets_for_dbus_paths(service, paths, nil, done, data)
    } finish: { result, error in
      unsafe secret_service_get_secrets_for_dbus_paths_finish(service, result, error)
    }
    guard let table = unsafe table else { return }
    defer { unsafe g_hash_table_unref(table) }
    for path in paths {
      guard let value = unsafe g_hash_table_lookup(table, path) else { continue }
      take(path, unsafe Self.secret(OpaquePointer(value)))
    }
  }

  /// The item's secret; `nil` when the provider gave none it could read
  /// (secret_service_get_secret_for_dbus_path).
  func secret(_ path: String, until deadline: Deadline) throws(KeyringError) -> Secret? {
    let service = try unsafe connected(until: deadline)
    try openSession(until: deadline)
    let value = try unsafe waiter.value(until: deadline, mayAsk: true) { done, data in
      unsafe secret_service_get_secret_for_dbus_path(service, path, nil, done, data)
    } finish: { result, error in
      unsafe secret_service_get_secret_for_dbus_path_finish(service, result, error)
    }
    guard let value = unsafe value else { return nil }
    defer { unsafe secret_value_unref(UnsafeMutableRawPointer(value)) }
    return unsafe Self.secret(value)
  }

  /// A copy of what a SecretValue holds.
  private static func secret(_ value: OpaquePointer) -> Secret {
    var length: gsize = 0
    guard let bytes = unsafe secret_value_get(value, &length) else { return Secret() }
    return unsafe Secret(copying: UnsafeRawBufferPointer(start: bytes, count: Int(length)).bytes)
  }

  /// Asks the person to unlock items or collections; true when all of them are unlocked then
  /// (secret_service_unlock_dbus_paths).
  func unlock(_ paths: [String], until deadline: Deadline) throws(KeyringError) -> Bool {
    let service = try unsafe connected(until: deadline)
    waiter.purpose = "the keyring to be unlocked"
    let array = unsafe Self.array(paths)
    defer { unsafe g_strfreev(array) }
    let count = try unsafe waiter.value(until: deadline, mayAsk: true) { done, data in
      let paths = unsafe UnsafeMutableRawPointer(array)
        .assumingMemoryBound(to: UnsafePointer<gchar>?.self)
      unsafe secret_service_unlock_dbus_paths(service, paths, nil, done, data)
    } finish: { result, error in
      unsafe secret_service_unlock_dbus_paths_finish(service, result, nil, error)
    }
    return count == paths.count
  }

  /// A SecretValue with a copy; free with secret_value_unref.
  private static func value(_ body: borrowing Secret) -> OpaquePointer {
    unsafe body.withBytes { bytes in
      unsafe bytes.withUnsafeBytes { buffer in
        unsafe secret_value_new(
          buffer.baseAddress?.assumingMemoryBound(to: gchar.self), gssize(buffer.count),
          "text/plain")!
      }
    }
  }

  /// Replaces the secret of an item, in one step (org.freedesktop.Secret.Item.SetSecret).
  func setSecret(
    _ body: borrowing Secret, of path: String, until deadline: Deadline
  ) throws(KeyringError) {
    let service = try unsafe connected(until: deadline)
    try openSession(until: deadline)
    let value = unsafe Self.value(body)
    defer { unsafe secret_value_unref(UnsafeMutableRawPointer(value)) }
    // Documented to be the caller's, yet it floats; this makes it the caller's either way.
    guard let encoded = unsafe secret_service_encode_dbus_secret(service, value) else {
      throw KeyringError(.failed, detail: "secret_service_encode_dbus_secret")
    }
    unsafe g_variant_take_ref(encoded)
    defer { unsafe g_variant_unref(encoded) }
    _ = try unsafe call(
      "SetSecret", of: "org.freedesktop.Secret.Item", at: path, [encoded], reply: "()",
      until: deadline, mayAsk: true)
  }

  /// Creates the item in the default collection, or replaces the one with these attributes, in
  /// one step (secret_service_store). Some keyrings ask the person whether they may.
  func store(
    _ body: borrowing Secret, label: String, _ attributes: Attributes, until deadline: Deadline
  ) throws(KeyringError) {
    let service = try unsafe connected(until: deadline)
    try openSession(until: deadline)
    let table = unsafe attributes.table()
    defer { unsafe g_hash_table_unref(table) }
    let value = unsafe Self.value(body)
    defer { unsafe secret_value_unref(UnsafeMutableRawPointer(value)) }
    let isStored = try unsafe waiter.value(until: deadline, mayAsk: true) { done, data in
      unsafe secret_service_store(
        service, meti_schema(), table, meti_default_collection(), label, value, nil, done, data)
    } finish: { result, error in
      unsafe secret_service_store_finish(service, result, error)
    }
    // libsecret takes a prompt that was dismissed for a success.
    guard isStored != 0, !waiter.wasDismissed else { throw KeyringError(.declined) }
  }

  /// Deletes the item (secret_service_delete_item_dbus_path). Some keyrings ask the person.
  func delete(_ path: String, until deadline: Deadline) throws(KeyringError) {
    let service = try unsafe connected(until: deadline)
    waiter.purpose = "the keyring to remove an entry"
    let isDeleted = try unsafe waiter.value(until: deadline, mayAsk: true) { done, data in
      unsafe secret_service_delete_item_dbus_path(service, path, nil, done, data)
    } finish: { result, error in
      unsafe secret_service_delete_item_dbus_path_finish(service, result, error)
    }
    guard isDeleted != 0, !waiter.wasDismissed else { throw KeyringError(.declined) }
  }

  /// The object path behind the alias "default"; `nil` when there is no such collection
  /// (secret_service_read_alias_dbus_path).
  func defaultCollection(until deadline: Deadline) throws(KeyringError) -> String? {
    let service = try unsafe connected(until: deadline)
    let path = try unsafe waiter.value(until: deadline) { done, data in
      unsafe secret_service_read_alias_dbus_path(service, "default", nil, done, data)
    } finish: { result, error in
      unsafe secret_service_read_alias_dbus_path_finish(service, result, error)
    }
    guard let path = unsafe path else { return nil }
    defer { unsafe g_free(path) }
    let text = unsafe String(cString: path)
    return text == "/" ? nil : text
  }

  /// A property of an item; `nil` where the item is there no more.
  func itemProperty<Value>(
    _ name: String, of path: String, until deadline: Deadline, as value: (Variant) -> Value?
  ) throws(KeyringError) -> Value? {
    do {
      return try property(
        name, ofInterface: "org.freedesktop.Secret.Item", at: path, until: deadline, as: value)
    } catch  where error.kind == .vanished {
      return nil
    }
  }

  /// Gives an item another label (org.freedesktop.DBus.Properties.Set).
  func setLabel(_ label: String, of path: String, until deadline: Deadline) throws(KeyringError) {
    _ = try unsafe call(
      "Set", of: "org.freedesktop.DBus.Properties", at: path,
      [
        g_variant_new_string("org.freedesktop.Secret.Item"), g_variant_new_string("Label"),
        g_variant_new_variant(g_variant_new_string(label)),
      ], until: deadline)
  }

  /// A property of an item or collection (org.freedesktop.DBus.Properties.Get).
  /// - Parameter value: what it is; `nil` where it is of another type.
  /// - Throws: ``KeyringError/Kind/garbled`` then: what it says would be guessed otherwise.
  func property<Value>(
    _ name: String, ofInterface interface: String, at path: String, until deadline: Deadline,
    as value: (Variant) -> Value?
  ) throws(KeyringError) -> Value {
    let answer = try unsafe call(
      "Get", of: "org.freedesktop.DBus.Properties", at: path,
      [g_variant_new_string(interface), g_variant_new_string(name)], reply: "(v)",
      until: deadline)
    guard let value = answer.first?.unboxed.flatMap(value) else {
      throw KeyringError(.garbled, detail: "\(name) is of another type")
    }
    return value
  }

  /// Calls a method of one of the provider's objects.
  private func call(
    _ method: String, of interface: String, at path: String, _ arguments: [OpaquePointer?],
    reply: String? = nil, until deadline: Deadline, mayAsk: Bool = false
  ) throws(KeyringError) -> Variant {
    let proxy = try unsafe meti_proxy(connected(until: deadline))
    return try unsafe waiter.call(
      method, of: interface, at: path, of: String(cString: g_dbus_proxy_get_name(proxy)),
      over: g_dbus_proxy_get_connection(proxy), arguments, reply: reply, until: deadline,
      mayAsk: mayAsk)
  }

  /// Drops the session and the connection's proxy; the next call makes new ones. Cures KWallet's
  /// sessions that fail at random.
  func reconnect() {
    guard let old = unsafe service else { return }
    waiter.isProviderGone = { false }
    unsafe g_object_unref(old)
    unsafe service = nil
    secret_service_disconnect()
  }

  /// Opens the session that carries secrets, if there is none yet
  /// (secret_service_ensure_session).
  func openSession(until deadline: Deadline) throws(KeyringError) {
    let service = try unsafe connected(until: deadline)
    guard unsafe secret_service_get_session_dbus_path(service) == nil else { return }
    let held = try waiter.counting { () throws(KeyringError) in try handshake(deadline) }
    defer { withExtendedLifetime(held) {} }
    _ = try unsafe waiter.value(until: deadline) { done, data in
      unsafe secret_service_ensure_session(service, nil, done, data)
    } finish: { result, error in
      unsafe secret_service_ensure_session_finish(service, result, error)
    }
  }

  private func connected(
    until deadline: Deadline
  ) throws(KeyringError) -> UnsafeMutablePointer<SecretService> {
    if let service = unsafe service { return unsafe service }
    _ = try unsafe connectedToBus(until: deadline)
    let found = try unsafe waiter.value(until: deadline) { done, data in
      unsafe secret_service_get(SECRET_SERVICE_NONE, nil, done, data)
    } finish: { result, error in
      unsafe secret_service_get_finish(result, error)
    }
    guard let found = unsafe found else { throw KeyringError(.failed) }
    unsafe service = found
    let owner = unsafe Self.owner(of: found)
    waiter.isProviderGone = { unsafe Self.owner(of: found) != owner }
    // While a person is being asked GDBus would end a call after 25 seconds by itself. We do.
    unsafe g_dbus_proxy_set_default_timeout(meti_proxy(found), gint(KeyringStore.askingBudget))
    return unsafe found
  }

  /// The unique name on the bus of who provides the service; `nil` when nobody does.
  private static func owner(of service: UnsafeMutablePointer<SecretService>) -> String? {
    guard let name = unsafe g_dbus_proxy_get_name_owner(meti_proxy(service)) else { return nil }
    defer { unsafe g_free(name) }
    return unsafe String(cString: name)
  }

  /// Connects GLib's shared connection first, to take away its habit of ending the process by
  /// SIGTERM when the bus goes away (g_dbus_connection_set_exit_on_close).
  func connectedToBus(until deadline: Deadline) throws(KeyringError) -> OpaquePointer? {
    if let bus = unsafe bus { return unsafe bus }
    guard let busAddress else { throw KeyringError(.noBus, detail: "no session bus was found") }
    // GLib takes the address of the session bus from here only.
    _ = unsafe setenv("DBUS_SESSION_BUS_ADDRESS", busAddress, 1)
    let connection: OpaquePointer?
    do {
      unsafe connection = try waiter.value(until: deadline) { done, data in
        unsafe g_bus_get(G_BUS_TYPE_SESSION, nil, done, data)
      } finish: { result, error in
        unsafe g_bus_get_finish(result, error)
      }
    } catch  where error.kind != .notAnswering {
      throw KeyringError(.noBus, detail: error.detail)
    }
    guard let connection = unsafe connection else { throw KeyringError(.noBus) }
    unsafe g_dbus_connection_set_exit_on_close(connection, 0)
    filter = unsafe waiter.prompts.watch(connection)
    unsafe bus = connection
    return unsafe connection
  }

  private static func strings(
    taking array: UnsafeMutablePointer<UnsafeMutablePointer<gchar>?>?
  ) -> [String] {
    guard let array = unsafe array else { return [] }
    defer { unsafe g_strfreev(array) }
    var strings: [String] = []
    var index = 0
    while let string = unsafe array[index] {
      unsafe strings.append(String(cString: string))
      index += 1
    }
    return strings
  }

  /// A NULL-terminated array of copies; free with g_strfreev.
  private static func array(
    _ strings: [String]
  ) -> UnsafeMutablePointer<UnsafeMutablePointer<gchar>?> {
    let size = unsafe (strings.count + 1) * MemoryLayout<UnsafeMutablePointer<gchar>?>.stride
    let array = unsafe g_malloc0(gsize(size))!
      .bindMemory(to: UnsafeMutablePointer<gchar>?.self, capacity: strings.count + 1)
    for (index, string) in strings.enumerated() { unsafe array[index] = g_strdup(string) }
    return unsafe array
  }
}
