import CLibsecret
import MetiToken

/// What a prompt is for.
enum PromptPurpose {
  /// Unlocks this item or collection.
  case unlock(String)
  case createCollection
  /// Stores an item with this label.
  case store(String)
  case remove

  fileprivate var announcement: String {
    switch self {
    case .unlock: "waiting for the keyring to be unlocked; look for its dialog"
    case .createCollection: "waiting for a keyring to be created; look for its dialog"
    case .store(let label): "waiting for the keyring to store \(label); look for its dialog"
    case .remove: "waiting for the keyring to remove an item; look for its dialog"
    }
  }

  /// What it means that the prompt was dismissed.
  fileprivate var dismissal: KeyringError.Kind {
    if case .unlock = self { .dismissed } else { .declined }
  }

  fileprivate var place: String {
    switch self {
    case .unlock(let path): SecretServiceClient.collection(of: path)
    case .createCollection: "create"
    case .store: "store"
    case .remove: "remove"
    }
  }
}

extension SecretServiceClient {
  /// How often another process's prompt is looked after, in milliseconds.
  private static let pollInterval: Int64 = 250

  /// Unlocks items or collections: silently if the provider needs no dialog, else with a prompt if
  /// there may be one.
  /// - Throws: ``KeyringError/Kind/locked`` if there may be none.
  func unlock(_ paths: [String], _ dialogs: Interaction.Dialogs) throws(KeyringError) {
    guard let prompt = try unlock(paths) else { return }
    if isOpenWallet(paths[0]) {
      let completion = try show(prompt)
      defer { close(completion) }
      try loop.run { completion.isDone }
      _ = try completion.value(dismissal: .locked)
    } else {
      guard dialogs != .never else { throw KeyringError(.locked) }
      _ = try self.prompt(prompt, .unlock(paths[0]), dialogs)
    }
    didUnlock()
  }

  /// Whether the prompt to unlock opens no dialog: PAM has opened the wallet at login, but the Secret
  /// Service of KWallet still reports it as locked.
  private func isOpenWallet(_ path: String) -> Bool {
    guard let kwallet,
      let wallet = try? property("Label", of: Self.collection(of: path), as: { $0.string })
    else { return false }
    let reply = try? call(
      "isOpen", of: "org.kde.KWallet", at: "/modules/\(kwallet)", [.string(wallet)], reply: "(b)",
      to: "org.kde.\(kwallet)")
    return reply?.children[0].bool ?? false
  }

  /// Opens a prompt for the user, and waits for its end. Only one prompt of all processes is open at
  /// a time, and it is never dismissed by us: gnome-keyring aborts then.
  /// - Returns: the prompt's result; `nil` if another process's prompt has unlocked the keyring.
  func prompt(
    _ path: String, _ purpose: PromptPurpose, _ dialogs: Interaction.Dialogs
  ) throws(KeyringError) -> Variant? {
    guard dialogs != .never else { throw KeyringError(.needsPrompt) }
    guard case .waiting(let milliseconds) = dialogs else {
      return try takeTurn(path, purpose, until: loop.call, waits: false)
    }
    let start = loop.clock.now()
    // The user's time is not the call's.
    defer { loop.call.extend(by: loop.clock.now().boot - start.boot) }
    return try takeTurn(path, purpose, until: Deadline(milliseconds, from: start), waits: true)
  }

  private func takeTurn(
    _ path: String, _ purpose: PromptPurpose, until end: Deadline, waits: Bool
  ) throws(KeyringError) -> Variant? {
    let place = "\(busID) \(provider ?? "-") \(purpose.place)"
    var isAnnounced = false
    while true {
      let now = loop.clock.now()
      if let lock = locks.tryAcquire(named: "prompt") {
        let note = PromptNote(lock.note).flatMap { $0.place == place ? $0 : nil }
        guard let note, note.isCurrent(at: now, place: place) else {
          let unanswered = note?.state == .open ? note!.unanswered + 1 : 1
          if !isAnnounced { loop.announce?(purpose.announcement) }
          lock.write(PromptNote(.open, at: now, unanswered: unanswered, place: place).text)
          return try promptUser(path, purpose, until: end, waits: waits, lock, place)
        }
        if note.state == .dismissed { throw KeyringError(purpose.dismissal) }
        // The dialog is still open, although the process that opened it has ended.
      }
      guard waits, end.remaining(at: now) > 0 else { throw KeyringError(.promptOpen) }
      if case .unlock(let locked) = purpose, try isUnlocked(locked) { return nil }
      if !isAnnounced { loop.announce?(purpose.announcement) }
      isAnnounced = true
      loop.clock.pause(Self.pollInterval)
    }
  }

  private func isUnlocked(_ path: String) throws(KeyringError) -> Bool {
    try property("Locked", of: path) { $0.bool } == false
  }

  /// Shows the prompt, and writes down how it ended. A prompt that is not answered in time stays
  /// open, and so does its note.
  private func promptUser(
    _ path: String, _ purpose: PromptPurpose, until end: Deadline, waits: Bool,
    _ lock: any HeldLock, _ place: String
  ) throws(KeyringError) -> Variant? {
    hasPrompted = true
    let provider = provider
    do throws(KeyringError) {
      let completion = try show(path)
      defer { close(completion) }
      let isAnswered = try loop.run(to: end) { () throws(KeyringError) in
        guard self.provider == provider else {
          throw KeyringError(.died, detail: "while a prompt was open")
        }
        return completion.isDone
      }
      guard isAnswered else { throw KeyringError(waits ? .unanswered : .promptOpen) }
      let value = try completion.value(dismissal: purpose.dismissal)
      lock.write("")
      return value
    } catch {
      switch error.kind {
      case .unanswered, .promptOpen: break
      case purpose.dismissal:
        let now = loop.clock.now()
        lock.write(PromptNote(.dismissed, at: now, unanswered: 0, place: place).text)
      default: lock.write("")
      }
      throw error
    }
  }

  /// Calls a prompt's method `Prompt`.
  private func show(_ path: String) throws(KeyringError) -> PromptCompletion {
    let completion = PromptCompletion()
    let bus = try unsafe connectedToBus()
    completion.subscription = loop.onContext {
      unsafe g_dbus_connection_signal_subscribe(
        bus, provider, PromptCompletion.interface, "Completed", path, nil,
        G_DBUS_SIGNAL_FLAGS_NONE,
        { _, _, _, _, _, arguments, completion in
          let completion = unsafe Unmanaged<PromptCompletion>.fromOpaque(completion!)
          guard let arguments = unsafe arguments else { return }
          unsafe completion.takeUnretainedValue().arguments = Variant(
            taking: g_variant_ref(arguments))
        }, Unmanaged.passRetained(completion).toOpaque(),
        { unsafe Unmanaged<PromptCompletion>.fromOpaque($0!).release() })
    }
    do throws(KeyringError) {
      _ = try call("Prompt", of: PromptCompletion.interface, at: path, [.string("")], reply: "()")
    } catch {
      close(completion)
      throw error
    }
    return completion
  }

  private func close(_ completion: PromptCompletion) {
    guard let bus = try? unsafe connectedToBus() else { return }
    unsafe g_dbus_connection_signal_unsubscribe(bus, completion.subscription)
  }
}

/// The signal `Completed(dismissed b, result v)` of a prompt, once it has come.
@safe private final class PromptCompletion {
  static let interface = "org.freedesktop.Secret.Prompt"

  var subscription: guint = 0
  var arguments: Variant?
  var isDone: Bool { arguments != nil }

  /// The result.
  func value(dismissal: KeyringError.Kind) throws(KeyringError) -> Variant {
    let children = arguments?.children ?? []
    guard arguments?.type == "(bv)", let value = children[1].unboxed else {
      throw KeyringError(.unexpectedReply, detail: "malformed Prompt.Completed")
    }
    guard children[0].bool == false else { throw KeyringError(dismissal) }
    return value
  }
}
