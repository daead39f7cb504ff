import CLibsecret
import MetiToken

extension SecretServiceClient {
  /// How often another process's prompt is looked after, in milliseconds.
  private static let pollInterval: Int64 = 250

  /// Unlocks items or collections: silently if the provider needs no dialog, else with a prompt.
  /// - Throws: ``KeyringError/Kind/locked`` if that takes a prompt and there may be none.
  func unlock(_ paths: [String], mayPrompt: Bool) throws(KeyringError) {
    let reply = try call(
      "org.freedesktop.Secret.Service.Unlock", [.array(paths.map(Variant.path))], reply: "(aoo)")
    if let path = reply[1].objectPath {
      if isOpenWallet(paths[0]) {
        _ = try complete(path, until: loop.quietEnd)
      } else {
        _ = try prompt(path, mayPrompt: mayPrompt, unlocking: paths[0])
      }
    }
  }

  /// Whether the prompt to unlock opens no dialog: PAM has opened the wallet at login, but the Secret
  /// Service of KWallet still reports it as locked.
  private func isOpenWallet(_ path: String) -> Bool {
    guard let kwallet,
      let wallet = try? property("Label", of: Self.collection(of: path), as: { $0.string })
    else { return false }
    let reply = try? call(
      "org.kde.KWallet.isOpen", at: "/modules/\(kwallet)", [.string(wallet)], reply: "(b)",
      to: "org.kde.\(kwallet)")
    return reply?[0].bool ?? false
  }

  /// Opens a prompt for the user, and waits for its end. Only one prompt of all processes is open at
  /// a time, and it is never dismissed by us: gnome-keyring aborts then.
  /// - Parameter locked: the item or collection that it unlocks; `nil` if it confirms a change.
  /// - Returns: the prompt's result; `nil` if another process's prompt has unlocked the keyring.
  func prompt(
    _ path: String, mayPrompt: Bool, unlocking locked: String? = nil
  ) throws(KeyringError) -> Variant? {
    guard mayPrompt else { throw KeyringError(locked == nil ? .needsPrompt : .locked) }
    guard loop.announce != nil else { return try takeTurn(path, locked, until: loop.call) }
    return try loop.inUsersTime { end throws(KeyringError) in
      try takeTurn(path, locked, until: end)
    }
  }

  private func takeTurn(
    _ path: String, _ locked: String?, until end: Deadline
  ) throws(KeyringError) -> Variant? {
    let guid = unsafe connection.flatMap { unsafe g_dbus_connection_get_guid($0) }
    let bus = unsafe guid.map { unsafe String(cString: $0) }
    let place = "\(bus ?? "-") \(provider ?? "-") \(locked.map(Self.collection) ?? "-")"
    var isAnnounced = false
    while true {
      let now = loop.clock.now()
      let lock = locks.tryAcquire(named: "prompt")
      let note = PromptNote(lock?.note ?? "").flatMap { $0.place == place ? $0 : nil }
      let isCurrent = note?.isCurrent(at: now) ?? false
      if isCurrent, note?.unanswered == 0 { throw KeyringError(.dismissed) }
      // A dialog stays open, although the process that opened it has ended.
      let isOpen = lock == nil || isCurrent
      guard !isOpen || loop.announce != nil && end.remaining(at: now) > 0 else {
        throw KeyringError(.promptOpen)
      }
      if !isAnnounced {
        let event = locked == nil ? "confirm a change" : "be unlocked"
        loop.announce?("waiting for the keyring to \(event); look for its dialog")
      }
      isAnnounced = true
      if let lock, !isOpen {
        hasPrompted = true
        let unanswered = (note?.unanswered ?? 0) + 1
        lock.write(PromptNote(unanswered: unanswered, since: now.boot, place: place).text)
        do throws(KeyringError) {
          let result = try complete(path, until: end)
          lock.write("")
          return result
        } catch {
          let now = loop.clock.now().boot
          let dismissal = PromptNote(unanswered: 0, since: now, place: place).text
          // A prompt that is not answered in time stays open, and so does its note.
          if error.kind != .promptOpen { lock.write(error.kind == .dismissed ? dismissal : "") }
          throw error
        }
      }
      if let locked, try !property("Locked", of: locked, as: { $0.bool }) { return nil }
      loop.clock.pause(Self.pollInterval)
    }
  }

  /// Calls the prompt's method `Prompt`, and waits for its signal `Completed(dismissed b, result v)`.
  private func complete(_ path: String, until end: Deadline) throws(KeyringError) -> Variant {
    let completion = Box<Variant>()
    let (bus, provider) = unsafe (connection, provider)
    let subscription = loop.onContext {
      unsafe g_dbus_connection_signal_subscribe(
        bus, provider, "org.freedesktop.Secret.Prompt", "Completed", path, nil,
        G_DBUS_SIGNAL_FLAGS_NONE,
        { _, _, _, _, _, arguments, completion in
          let completion = unsafe Unmanaged<Box<Variant>>.fromOpaque(completion!)
          guard let arguments = unsafe arguments else { return }
          unsafe completion.takeUnretainedValue().value = Variant(
            taking: g_variant_ref(arguments))
        }, Unmanaged.passRetained(completion).toOpaque(),
        { unsafe Unmanaged<Box<Variant>>.fromOpaque($0!).release() })
    }
    defer { unsafe g_dbus_connection_signal_unsubscribe(bus, subscription) }
    _ = try call(
      "org.freedesktop.Secret.Prompt.Prompt", at: path, [.string("")], reply: "()")
    let isAnswered = try loop.run(to: end) { () throws(KeyringError) in
      guard self.provider == provider else {
        throw KeyringError(.died, detail: "while a prompt was open")
      }
      return completion.value != nil
    }
    guard isAnswered else { throw KeyringError(.promptOpen) }
    guard let arguments = completion.value, arguments.type == "(bv)",
      let result = arguments.children[1].unboxed
    else { throw KeyringError(.failed, detail: "malformed Prompt.Completed") }
    guard arguments.children[0].bool == false else { throw KeyringError(.dismissed) }
    return result
  }
}
