import CLibsecret
import MetiToken

/// Items and collections (Secret Service specification).
extension SecretServiceClient {
  /// Object paths.
  struct Found {
    var unlocked: [String] = []
    let locked: [String]
  }

  /// Unlocks nothing, prompts nobody and needs no session.
  func search(_ attributes: Attributes) throws(KeyringError) -> Found {
    // Until KeePassXC's database is unlocked, a search would open a dialog and take 10 seconds.
    if isProvider("org.keepassxc.KeePassXC.MainWindow"), let path = try defaultCollection(),
      try property("Locked", of: path, as: { $0.bool })
    {
      return Found(locked: [path])
    }
    do {
      let reply = try call(
        "org.freedesktop.Secret.Service.SearchItems",
        [.dictionary(attributes.query.mapValues(Variant.string))], reply: "(aoao)")
      return Found(unlocked: reply[0].objectPaths, locked: reply[1].objectPaths)
    } catch  where error.kind == .vanished {
      // Whoever has the name on the bus does not provide the service.
      throw KeyringError(.failed, detail: error.detail)
    }
  }

  /// The item's secret; `nil` if it cannot be decrypted.
  func secret(_ path: String) throws(KeyringError) -> Secret? {
    try openSession()
    let service = try unsafe connected()
    let session = unsafe String(cString: secret_service_get_session_dbus_path(service))
    let reply = try call(
      "org.freedesktop.Secret.Item.GetSecret", at: path, [.path(session)], reply: "((oayays))")
    let value = unsafe reply[0].withPointer {
      unsafe secret_service_decode_dbus_secret(service, $0)
    }
    guard let value = unsafe value else { return nil }
    defer { unsafe secret_value_unref(UnsafeMutableRawPointer(value)) }
    var length: gsize = 0
    guard let bytes = unsafe secret_value_get(value, &length) else { return Secret() }
    return unsafe Secret(copying: UnsafeRawBufferPointer(start: bytes, count: Int(length)).bytes)
  }

  /// Replaces the secret of an item, in one step.
  func setSecret(_ body: borrowing Secret, of path: String) throws(KeyringError) {
    _ = try call(
      "org.freedesktop.Secret.Item.SetSecret", at: path, [encoded(body)], reply: "()")
  }

  /// Creates an item, or replaces the one with the same attributes.
  func create(
    _ body: borrowing Secret, label: String, _ attributes: Attributes, in collection: String,
    mayPrompt: Bool
  ) throws(KeyringError) {
    let stored = Variant.dictionary(attributes.stored.mapValues(Variant.string))
    let properties: [String: Variant] = [
      "org.freedesktop.Secret.Item.Label": .boxed(.string(label)),
      "org.freedesktop.Secret.Item.Attributes": .boxed(stored),
    ]
    let reply = try call(
      "org.freedesktop.Secret.Collection.CreateItem", at: collection,
      [.dictionary(properties), encoded(body), .bool(true)], reply: "(oo)")
    _ = try created(reply, mayPrompt: mayPrompt)
  }

  func delete(_ path: String, mayPrompt: Bool) throws(KeyringError) {
    let reply = try call("org.freedesktop.Secret.Item.Delete", at: path, reply: "(o)")
    if let path = reply[0].objectPath { _ = try prompt(path, mayPrompt: mayPrompt) }
  }

  /// The path of the default collection; `nil` if there is none.
  func defaultCollection() throws(KeyringError) -> String? {
    try call(
      "org.freedesktop.Secret.Service.ReadAlias", [.string("default")], reply: "(o)")[0].objectPath
  }

  /// Creates the default collection.
  /// - Returns: its path.
  func createDefaultCollection(mayPrompt: Bool) throws(KeyringError) -> String {
    let label = Variant.boxed(.string("Default keyring"))
    let reply = try call(
      "org.freedesktop.Secret.Service.CreateCollection",
      [.dictionary(["org.freedesktop.Secret.Collection.Label": label]), .string("default")],
      reply: "(oo)")
    return try created(reply, mayPrompt: mayPrompt)
  }

  /// The path of a new object: it is in the reply, or its prompt gives it.
  private func created(_ reply: [Variant], mayPrompt: Bool) throws(KeyringError) -> String {
    var object = reply[0].objectPath
    if let path = reply[1].objectPath {
      object = try prompt(path, mayPrompt: mayPrompt)?.objectPath
    }
    guard let object else { throw KeyringError(.notStored, detail: "nothing was created") }
    return object
  }

  /// The secret as the session carries it.
  private func encoded(_ body: borrowing Secret) throws(KeyringError) -> Variant {
    try openSession()
    let service = try unsafe connected()
    let value = unsafe body.withBytes { bytes in
      unsafe bytes.withUnsafeBytes { buffer in
        unsafe secret_value_new(
          buffer.baseAddress?.assumingMemoryBound(to: gchar.self), gssize(buffer.count),
          "text/plain")!
      }
    }
    defer { unsafe secret_value_unref(UnsafeMutableRawPointer(value)) }
    guard let encoded = unsafe secret_service_encode_dbus_secret(service, value) else {
      throw KeyringError(.failed, detail: "secret_service_encode_dbus_secret")
    }
    return unsafe Variant(taking: encoded)
  }
}
