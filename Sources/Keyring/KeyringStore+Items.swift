import MetiToken

/// The calls beneath: one operation on the items of a kind, from search to answer.
extension KeyringStore {
  /// Begins an operation, with what earlier ones have left. What METI took meanwhile, or a person
  /// at a dialog, does not count.
  func begin() {
    let now = clock.now()
    let left = Self.quietBudget - waiter.waited
    budget = Deadline(min(left, call.remaining(at: now)), from: now)
  }

  /// The body of the item with `attributes`, read as `parse` says; `nil` when there is none, or
  /// what was read is no such thing.
  /// - Throws: ``KeyringError/Kind/damaged`` when an item is there and gives no secret at all. An
  ///   empty one, which a keyring leaves that was killed while it stored, is none of that: it is
  ///   as good as no item.
  func body<Value: ~Copyable>(
    _ attributes: Attributes, isRepetition: Bool = false,
    as parse: (consuming Secret) -> Value?
  ) throws(KeyringError) -> Value? {
    begin()
    return try repeating(isRepetition: isRepetition) { () throws(KeyringError) in
      try load(attributes, as: parse)
    }
  }

  /// What `work` gives. Where it fails in a manner that may pass it is done once more, from the
  /// beginning and with a new session.
  private func repeating<Value: ~Copyable>(
    isRepetition: Bool = false, _ work: () throws(KeyringError) -> Value
  ) throws(KeyringError) -> Value {
    do {
      return try work()
    } catch {
      guard !isRepetition, mayPass(error) else { throw error }
      connection.reconnect()
      return try work()
    }
  }

  /// Whether it may pass when it is tried once more, with a new session. Not where a person was
  /// asked, who would be asked the same again; a dialog ends with the provider that opened it.
  func mayPass(_ error: KeyringError) -> Bool {
    error.kind.mayPass && (!waiter.hasAsked || error.kind == .died)
  }

  private func load<Value: ~Copyable>(
    _ attributes: Attributes, as parse: (consuming Secret) -> Value?
  ) throws(KeyringError) -> Value? {
    try first(of: attributes) { path throws(KeyringError) in
      // Not passed over: an older one may hold a password or a token that is no longer good.
      let secret = try unlocking(path) { () throws(KeyringError) in
        try connection.secret(path, until: budget)
      }
      guard let secret else {
        throw KeyringError(.damaged, detail: "an item gives no secret")
      }
      let value = parse(secret)
      if value != nil { lastRead = path }
      return value
    }
  }

  /// What `take` makes of the items with `attributes`, until it makes something: of the one
  /// written last first, each of them unlocked.
  private func first<Value: ~Copyable>(
    of attributes: Attributes, _ take: (String) throws(KeyringError) -> Value?
  ) throws(KeyringError) -> Value? {
    let found = try connection.search(attributes, until: budget)
    var locked = found.locked
    // Before they are dated: of a collection that was never unlocked since it started GNOME Keyring
    // tells no dates but 0. Beside others such an item counts as the oldest.
    if found.unlocked.isEmpty { try unlock(taking: &locked) }
    for path in try newestFirst(found.unlocked + found.locked) {
      if locked.contains(path) { try unlock(taking: &locked) }
      if let value = try take(path) { return value }
    }
    return nil
  }

  /// Where several items match, in whatever collections they lie, the one written last counts.
  private func newestFirst(_ paths: [String]) throws(KeyringError) -> [String] {
    guard paths.count > 1 else { return paths }
    var dated: [(path: String, modified: UInt64)] = []
    for path in paths {
      let modified = try connection.itemProperty("Modified", of: path, until: budget) { $0.uint64 }
      dated.append((path, modified ?? 0))
    }
    return dated.sorted { $0.modified > $1.modified }.map(\.path)
  }

  /// - Parameter path: of the item that gets it; the one written last where it is `nil`.
  func store(
    _ body: consuming Secret, label: String, _ attributes: Attributes, over path: String? = nil
  ) throws(KeyringError) {
    try storing { () throws(KeyringError) in
      try put(body, label: label, attributes, over: path)
    }
  }

  /// An operation that stores something, or sees whether that can be done.
  func storing(_ body: () throws(KeyringError) -> Void) throws(KeyringError) {
    begin()
    do {
      try repeating(body)
    } catch {
      switch error.kind {
      case .failed: throw KeyringError(.notStored, detail: error.detail)
      // libsecret has let the person be asked.
      case .locked where person.canBeAsked: throw KeyringError(.dismissed, detail: error.detail)
      default: throw error
      }
    }
  }

  /// Gives the item that is there its new secret, and creates one only where there is none: where
  /// an item is created over another, KeePassXC asks the person even if it is told never to.
  private func put(
    _ body: borrowing Secret, label: String, _ attributes: Attributes, over path: String?
  ) throws(KeyringError) {
    let last: String? = if let path { path } else { try first(of: attributes) { $0 } }
    if let last {
      waiter.purpose = "the keyring to take \(label)"
      try unlocking(last) { () throws(KeyringError) in
        try connection.setSecret(body, of: last, until: budget)
      }
      // Of an account alone: a renewal, which never changes its label, is not to ask for it.
      if attributes.kind == .account { relabel(last, label) }
      return
    }
    let hasCollection = try openDefaultCollection()
    waiter.purpose = hasCollection ? "the keyring to take \(label)" : "a keyring to be created"
    try connection.store(body, label: label, attributes, until: budget)
  }

  /// A password may have become a client's secret, or the other way. What is stored is right all the
  /// same, so a keyring that does not change its label is no trouble.
  private func relabel(_ path: String, _ label: String) {
    let old = try? connection.itemProperty("Label", of: path, until: budget) { $0.string }
    guard let old, !old.utf8.elementsEqual(label.utf8) else { return }
    try? connection.setLabel(label, of: path, until: budget)
  }

  /// libsecret would open a dialog for a locked or missing collection, which is told apart here
  /// from one in which a keyring asks whether it may store.
  /// - Returns: whether there is one; where there is none the store that follows creates it.
  func openDefaultCollection() throws(KeyringError) -> Bool {
    guard let path = try connection.defaultCollection(until: budget) else {
      guard person.canBeAsked else { throw KeyringError(.noCollection) }
      return false
    }
    let isLocked = try connection.property(
      "Locked", ofInterface: "org.freedesktop.Secret.Collection", at: path, until: budget
    ) { $0.bool }
    if isLocked { try unlock([path]) }
    return true
  }

  func remove(_ attributes: Attributes) throws(KeyringError) -> Bool {
    begin()
    return try forEach(attributes) { path throws(KeyringError) in
      try connection.delete(path, until: budget)
    }
  }

  /// Takes the secrets of all items with `attributes` away.
  func empty(_ attributes: Attributes) throws(KeyringError) {
    begin()
    let nothing = StoredBody.pack(Secret(), [:])
    try repeating { () throws(KeyringError) in
      _ = try forEach(attributes) { path throws(KeyringError) in
        try connection.setSecret(nothing, of: path, until: budget)
      }
    }
  }

  /// Does `work` with each item with `attributes`, all of them unlocked.
  /// - Returns: whether there is any.
  /// - Throws: where one is left with which it was not done.
  private func forEach(
    _ attributes: Attributes, _ work: (String) throws(KeyringError) -> Void
  ) throws(KeyringError) -> Bool {
    let found = try connection.search(attributes, until: budget)
    if !found.locked.isEmpty { try unlock(found.locked) }
    for path in found.unlocked + found.locked {
      do {
        try unlocking(path) { () throws(KeyringError) in try work(path) }
      } catch  where error.kind == .vanished {
        // Somebody else was quicker.
      }
    }
    return !found.isEmpty
  }

  /// What `work` gives, which finds an item locked that was not so in the search; a person who can
  /// be asked unlocks it.
  private func unlocking<Value: ~Copyable>(
    _ path: String, _ work: () throws(KeyringError) -> Value
  ) throws(KeyringError) -> Value {
    do {
      return try work()
    } catch  where error.kind == .locked && person.canBeAsked {
      try unlock([path])
    }
    do {
      return try work()
    } catch  where error.kind == .locked {
      throw KeyringError(.dismissed, detail: error.detail)
    }
  }

  /// Unlocks what is locked, which is none of it then.
  private func unlock(taking locked: inout [String]) throws(KeyringError) {
    guard !locked.isEmpty else { return }
    try unlock(locked)
    locked = []
  }

  func unlock(_ paths: [String]) throws(KeyringError) {
    guard person.canBeAsked else { throw KeyringError(.locked) }
    guard try connection.unlock(paths, until: budget) else { throw KeyringError(.dismissed) }
  }
}

extension KeyringError.Kind {
  /// Whether it may be another time: a session that failed at random (KWallet), an item that
  /// vanished, a provider that came back.
  fileprivate var mayPass: Bool {
    switch self {
    case .damaged, .vanished, .died, .failed, .garbled: true
    default: false
    }
  }
}
