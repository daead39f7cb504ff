import CLibsecret
import Glibc
import MetiToken

/// One connection to the provider of the Secret Service. libsecret encrypts the session; the other
/// methods are called over D-Bus, so that every prompt is opened by ``prompt(_:_:_:)``.
@safe final class SecretServiceClient {
  let loop: EventLoop
  let locks: any Locks
  private let address: BusAddress?
  private var bus: OpaquePointer?
  private var service: UnsafeMutablePointer<SecretService>?
  /// The default collection of a KeePassXC that is locked: until it is unlocked, a search would open
  /// a dialog and take 10 seconds.
  private(set) var lockedDatabase: String?
  /// Whether this client has opened a prompt for the user.
  var hasPrompted = false

  init(bus address: BusAddress?, loop: EventLoop, locks: any Locks) {
    self.address = address
    self.loop = loop
    self.locks = locks
  }

  deinit {
    reconnect()
    if let bus = unsafe bus { unsafe g_object_unref(UnsafeMutableRawPointer(bus)) }
  }

  static let name = "org.freedesktop.secrets"
  static let root = "/org/freedesktop/secrets"
  static let defaultAlias = root + "/aliases/default"
  static let secret = "org.freedesktop.Secret."

  // MARK: Connecting

  /// The GDBusConnection. Not GLib's shared one, which ends the process when the bus does.
  func connectedToBus() throws(KeyringError) -> OpaquePointer {
    if let bus = unsafe bus { return unsafe bus }
    guard let address else { throw KeyringError(.noBus(BusTrouble(.noAddress))) }
    _ = meti_secret_error()
    let flags = GDBusConnectionFlags(
      G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_CLIENT.rawValue
        | G_DBUS_CONNECTION_FLAGS_MESSAGE_BUS_CONNECTION.rawValue)
    var reason: BusTrouble.Reason?
    do throws(KeyringError) {
      let connection = try unsafe loop.value { done, data in
        unsafe g_dbus_connection_new_for_address(address.text, flags, nil, nil, done, data)
      } finish: { result, error in
        let connection = unsafe g_dbus_connection_new_for_address_finish(result, error)
        unsafe reason = error.pointee.map { unsafe BusTrouble.Reason($0.pointee) }
        return unsafe connection
      }
      guard let connection = unsafe connection else { throw KeyringError(.failed) }
      unsafe bus = connection
      return unsafe connection
    } catch {
      guard let reason else { throw error }
      throw KeyringError(.noBus(address.trouble(reason)), detail: error.detail)
    }
  }

  func connected() throws(KeyringError) -> UnsafeMutablePointer<SecretService> {
    if let service = unsafe service { return unsafe service }
    let bus = try unsafe connectedToBus()
    // On their way together, so that one costs no time.
    let isLocked = unsafe begin(
      "Get", of: "org.freedesktop.DBus.Properties", at: Self.defaultAlias, on: bus,
      [.string(Self.secret + "Collection"), .string("Locked")], reply: "(v)")
    let opened = try unsafe loop.value { done, data in
      unsafe meti_service_open(bus, done, data)
    } finish: { result, error in
      unsafe secret_service_open_finish(result, error)
    }
    guard let opened = unsafe opened else { throw KeyringError(.failed) }
    unsafe service = opened
    // What fails here fails again in the calls that need it.
    let locked = try? finish(isLocked).children.first?.unboxed?.bool
    if locked == true, provider != nil,
      (try? owner(of: "org.keepassxc.KeePassXC.MainWindow")) == provider
    {
      lockedDatabase = (try? defaultCollection()) ?? Self.defaultAlias
    }
    return unsafe opened
  }

  /// Drops the session; the next call opens another. Cures KWallet's sessions that fail at random.
  func reconnect() {
    guard let old = unsafe service else { return }
    unsafe g_object_unref(old)
    unsafe service = nil
  }

  func didUnlock() { lockedDatabase = nil }

  /// The provider's unique name on the bus; `nil` if there is none.
  var provider: String? {
    guard let service = unsafe service,
      let name = unsafe g_dbus_proxy_get_name_owner(meti_proxy(service))
    else { return nil }
    defer { unsafe g_free(name) }
    return unsafe String(cString: name)
  }

  /// The bus's own id, which changes with every start of it.
  var busID: String {
    guard let bus = unsafe bus, let id = unsafe g_dbus_connection_get_guid(bus) else { return "-" }
    return unsafe String(cString: id)
  }

  /// Opens the session that carries secrets, if there is none yet.
  func openSession() throws(KeyringError) {
    let service = try unsafe connected()
    guard unsafe secret_service_get_session_dbus_path(service) == nil else { return }
    // gnome-keyring 50 aborts if several clients open their sessions at once.
    let held: (any HeldLock)?
    do {
      held = try loop.counting { () throws(LockError) in
        try locks.acquire(named: "keyring", until: loop.quietEnd, whileWaiting: { false })
      }
    } catch {
      throw KeyringError(.notAnswering, detail: "another process is opening its session")
    }
    defer { withExtendedLifetime(held) {} }
    guard Self.hasSpareDescriptors else {
      throw KeyringError(.failed, detail: "there are no more descriptors (EMFILE)")
    }
    do {
      _ = try unsafe loop.value { done, data in
        unsafe secret_service_ensure_session(service, nil, done, data)
      } finish: { result, error in
        unsafe secret_service_ensure_session_finish(service, result, error)
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
    ["ksecretd", "kwalletd6", "kwalletd5"].first { name in
      guard let owner = try? owner(of: "org.kde.\(name)") else { return false }
      return owner == provider
    }
  }

  // MARK: Calling

  /// Calls a method of the provider.
  /// - Parameter reply: the type of the reply; another one is an error.
  func call(
    _ method: String, of interface: String, at path: String, _ arguments: [Variant],
    reply: String, to name: String = SecretServiceClient.name
  ) throws(KeyringError) -> Variant {
    try finish(
      unsafe begin(
        method, of: interface, at: path, on: connectedToBus(), arguments, reply: reply,
        to: name))
  }

  private func begin(
    _ method: String, of interface: String, at path: String, on bus: OpaquePointer,
    _ arguments: [Variant], reply: String, to name: String = SecretServiceClient.name
  ) -> PendingCall {
    let arguments = Variant.tuple(arguments)
    let type = unsafe g_variant_type_new(reply)
    defer { unsafe g_variant_type_free(type) }
    return unsafe arguments.withPointer { arguments in
      unsafe loop.begin { done, data in
        // Without a time limit of GDBus's: the loop has one.
        unsafe g_dbus_connection_call(
          bus, name, path, interface, method, arguments, type, G_DBUS_CALL_FLAGS_NONE, .max, nil,
          done, data)
      }
    }
  }

  private func finish(_ call: PendingCall) throws(KeyringError) -> Variant {
    let bus = try unsafe connectedToBus()
    let value = try unsafe loop.value(of: call) { result, error in
      unsafe g_dbus_connection_call_finish(bus, result, error)
    }
    guard let value = unsafe value else { throw KeyringError(.failed) }
    return unsafe Variant(taking: value)
  }

  func invoke(
    _ method: String, of interface: String, at path: String = root, _ arguments: [Variant] = [],
    reply: String
  ) throws(KeyringError) -> [Variant] {
    _ = try unsafe connected()
    return try call(method, of: Self.secret + interface, at: path, arguments, reply: reply).children
  }

  /// A property of an item or a collection.
  func property<Value>(
    _ name: String, of path: String, as value: (Variant) -> Value?
  ) throws(KeyringError) -> Value {
    let interface = path == Self.collection(of: path) ? "Collection" : "Item"
    let reply = try call(
      "Get", of: "org.freedesktop.DBus.Properties", at: path,
      [.string(Self.secret + interface), .string(name)], reply: "(v)")
    guard let value = reply.children.first?.unboxed.flatMap(value) else {
      throw KeyringError(.unexpectedReply, detail: "\(name) has another type")
    }
    return value
  }

  /// The path of the collection that `path` belongs to: its first five parts.
  static func collection(of path: String) -> String {
    path.split(separator: "/").prefix(5).map { "/" + $0 }.joined()
  }

  /// The unique name behind a name on the bus; `nil` if nobody owns it.
  func owner(of name: String) throws(KeyringError) -> String? {
    do {
      return try askBus("GetNameOwner", [.string(name)], reply: "(s)").string
    } catch {
      guard error.kind == .noProvider else { throw error }
      return nil
    }
  }

  /// Calls a method of the bus; the first value of its reply.
  func askBus(
    _ method: String, _ arguments: [Variant] = [], reply: String
  ) throws(KeyringError) -> Variant {
    let name = "org.freedesktop.DBus"
    return try call(
      method, of: name, at: "/org/freedesktop/DBus", arguments, reply: reply, to: name
    ).children[0]
  }
}
