import CLibsecret
import Glibc
import MetiToken

/// One connection to the provider of the Secret Service. libsecret encrypts the session; the other
/// methods are called over D-Bus, so that every prompt is opened by ``prompt(_:mayPrompt:unlocking:)``.
@safe final class SecretServiceClient {
  let loop: EventLoop
  let locks: any Locks
  private let address: BusAddress?
  private var service: UnsafeMutablePointer<SecretService>?
  /// Whether this client has opened a prompt for the user.
  var hasPrompted = false

  init(bus address: BusAddress?, loop: EventLoop, locks: any Locks) {
    self.address = address
    self.loop = loop
    self.locks = locks
  }

  deinit { reconnect() }

  static let name = "org.freedesktop.secrets"
  static let root = "/org/freedesktop/secrets"

  // MARK: Connecting

  /// The service, on a connection of its own: GLib's shared one ends the process when the bus does.
  func connected() throws(KeyringError) -> UnsafeMutablePointer<SecretService> {
    if let service = unsafe service { return unsafe service }
    guard let address else { throw KeyringError(.noBus(BusTrouble(.noAddress))) }
    _ = meti_secret_error()
    let flags = GDBusConnectionFlags(
      G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_CLIENT.rawValue
        | G_DBUS_CONNECTION_FLAGS_MESSAGE_BUS_CONNECTION.rawValue)
    let bus = try unsafe loop.value {
      unsafe .noBus(address.trouble(BusTrouble.Reason($0)))
    } of: {
      unsafe g_dbus_connection_new_for_address(address.text, flags, nil, nil, $0, $1)
    } finish: {
      unsafe g_dbus_connection_new_for_address_finish($0, $1)
    }
    defer { unsafe g_object_unref(UnsafeMutableRawPointer(bus)) }
    let opened = try unsafe loop.value {
      unsafe meti_service_open(bus, $0, $1)
    } finish: {
      unsafe secret_service_open_finish($0, $1)
    }
    unsafe service = opened
    return unsafe opened
  }

  /// Drops the connection; the next call makes another. Cures KWallet's sessions that fail at random.
  func reconnect() {
    guard let old = unsafe service else { return }
    unsafe g_object_unref(old)
    unsafe service = nil
  }

  var connection: OpaquePointer? {
    unsafe service.flatMap { unsafe g_dbus_proxy_get_connection(meti_proxy($0)) }
  }

  /// The provider's unique name on the bus; `nil` if there is none.
  var provider: String? {
    guard let service = unsafe service,
      let name = unsafe g_dbus_proxy_get_name_owner(meti_proxy(service))
    else { return nil }
    defer { unsafe g_free(name) }
    return unsafe String(cString: name)
  }

  /// Opens the session that carries secrets, if there is none yet.
  func openSession() throws(KeyringError) {
    let service = try unsafe connected()
    guard unsafe secret_service_get_session_dbus_path(service) == nil else { return }
    // gnome-keyring 50 aborts if several clients open their sessions at once.
    let held: (any HeldLock)?
    do {
      held = try locks.acquire(
        named: "keyring", until: loop.quietEnd, whileWaiting: { false })
    } catch {
      throw KeyringError(.notAnswering, detail: "another process is opening its session")
    }
    defer { withExtendedLifetime(held) {} }
    guard Self.hasSpareDescriptors else {
      throw KeyringError(.failed, detail: "there are no more descriptors (EMFILE)")
    }
    do {
      _ = try unsafe loop.value {
        unsafe secret_service_ensure_session(service, nil, $0, $1)
      } finish: {
        unsafe secret_service_ensure_session_finish(service, $0, $1)
      }
    } catch  where error.kind == .failed && kwallet != nil {
      throw KeyringError(.noSession, detail: error.detail)
    }
  }

  /// Whether a few more files can be opened. libgcrypt, which encrypts the session, aborts if it cannot
  /// open its own.
  private static var hasSpareDescriptors: Bool {
    let copies = (0..<4).map { _ in fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 0) }
    for copy in copies where copy >= 0 { close(copy) }
    return !copies.contains { $0 < 0 && errno == EMFILE }
  }

  /// The name of the provider's other service, if it is KWallet.
  var kwallet: String? {
    ["ksecretd", "kwalletd6", "kwalletd5"].first { isProvider("org.kde.\($0)") }
  }

  /// Whether the provider also has this name on the bus.
  func isProvider(_ name: String) -> Bool {
    let owner = askBus("GetNameOwner", about: name, reply: "(s)")?.string
    return owner != nil && owner == provider
  }

  // MARK: Calling

  /// Calls a method of the provider, or of who owns `name`.
  /// - Parameters:
  ///   - method: with its interface.
  ///   - reply: the type of the reply; another one is an error.
  func call(
    _ method: String, at path: String = root, _ arguments: [Variant] = [], reply: String,
    to name: String = SecretServiceClient.name
  ) throws(KeyringError) -> [Variant] {
    _ = try unsafe connected()
    let dot = method.lastIndex(of: ".")!
    let type = unsafe g_variant_type_new(reply)
    defer { unsafe g_variant_type_free(type) }
    let value = try unsafe loop.value { done, data in
      unsafe Variant.tuple(arguments).withPointer { arguments in
        // Without a time limit of GDBus's: the loop has one.
        unsafe g_dbus_connection_call(
          connection, name, path, String(method[..<dot]), String(method[dot...].dropFirst()),
          arguments, type, G_DBUS_CALL_FLAGS_NONE, .max, nil, done, data)
      }
    } finish: {
      unsafe g_dbus_connection_call_finish(connection, $0, $1)
    }
    return unsafe Variant(taking: value).children
  }

  /// A property of an item or a collection.
  func property<Value>(
    _ name: String, of path: String, as value: (Variant) -> Value?
  ) throws(KeyringError) -> Value {
    let interface = path == Self.collection(of: path) ? "Collection" : "Item"
    let reply = try call(
      "org.freedesktop.DBus.Properties.Get", at: path,
      [.string("org.freedesktop.Secret.\(interface)"), .string(name)], reply: "(v)")
    guard let value = reply[0].unboxed.flatMap(value) else {
      throw KeyringError(.failed, detail: "\(name) has another type")
    }
    return value
  }

  /// The path of the collection that `path` belongs to: its first five parts.
  static func collection(of path: String) -> String {
    path.split(separator: "/").prefix(5).map { "/" + $0 }.joined()
  }

  /// What the bus knows about the owner of a name; `nil` if that is nothing.
  func askBus(_ method: String, about name: String, reply: String) -> Variant? {
    let bus = "org.freedesktop.DBus"
    return try? call(
      "\(bus).\(method)", at: "/org/freedesktop/DBus", [.string(name)], reply: reply, to: bus)[0]
  }
}
