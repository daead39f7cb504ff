import CLibsecret
import MetiToken

/// Items and collections (Secret Service specification).
extension SecretServiceClient {
  /// Object paths.
  struct Found {
    var unlocked: [String] = []
    var locked: [String] = []
  }

  /// Unlocks nothing, prompts nobody and needs no session.
  func search(_ attributes: Attributes) throws(KeyringError) -> Found {
    _ = try unsafe connected()
    if let lockedDatabase { return Found(locked: [lockedDatabase]) }
    do {
      let reply = try invoke(
        "SearchItems", of: "Service", [.dictionary(attributes.query)], reply: "(aoao)")
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
    let reply = try invoke(
      "GetSecret", of: "Item", at: path, [.path(session)], reply: "((oayays))")
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
    let encoded = try encoded(body)
    _ = try invoke("SetSecret", of: "Item", at: path, [encoded], reply: "()")
  }

  /// Creates an item, or replaces the one with the same attributes.
  /// - Returns: the path of the item, or of the prompt that must be completed first.
  func create(
    _ body: borrowing Secret, label: String, _ attributes: Attributes, in collection: String
  ) throws(KeyringError) -> (item: String?, prompt: String?) {
    let properties: [String: Variant] = [
      Self.secret + "Item.Label": .string(label),
      Self.secret + "Item.Attributes": .dictionary(attributes.stored),
    ]
    let reply = try invoke(
      "CreateItem", of: "Collection", at: collection,
      [.properties(properties), encoded(body), .bool(true)], reply: "(oo)")
    return (reply[0].objectPath, reply[1].objectPath)
  }

  /// - Returns: the prompt that decides about it.
  func delete(_ path: String) throws(KeyringError) -> String? {
    try invoke("Delete", of: "Item", at: path, reply: "(o)")[0].objectPath
  }

  /// Unlocks what needs no prompt.
  /// - Returns: the prompt for the rest.
  func unlock(_ paths: [String]) throws(KeyringError) -> String? {
    let prompt = try invoke("Unlock", of: "Service", [.paths(paths)], reply: "(aoo)")[1].objectPath
    if prompt == nil { didUnlock() }
    return prompt
  }

  /// - Returns: the path of the default collection; `nil` if there is none.
  func defaultCollection() throws(KeyringError) -> String? {
    try invoke("ReadAlias", of: "Service", [.string("default")], reply: "(o)")[0].objectPath
  }

  /// Creates the default collection.
  /// - Returns: as ``create(_:label:_:in:)``.
  func createDefaultCollection() throws(KeyringError) -> (collection: String?, prompt: String?) {
    let properties = [Self.secret + "Collection.Label": Variant.string("Default keyring")]
    let reply = try invoke(
      "CreateCollection", of: "Service", [.properties(properties), .string("default")],
      reply: "(oo)")
    return (reply[0].objectPath, reply[1].objectPath)
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
