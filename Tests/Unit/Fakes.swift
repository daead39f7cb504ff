import MetiToken

/// A clock that stands still until somebody pauses.
final class FakeClock: Clock {
  var moment = noon
  var jitter = 0.0
  private(set) var pauses: [Int64] = []

  func now() -> Moment { moment }

  func pause(_ milliseconds: Int64) {
    pauses.append(milliseconds)
    moment = moment.later(milliseconds)
  }

  func random() -> Double { jitter }
}

/// The kernel tier, by the descriptions of its keys.
final class FakeCache: TokenCache {
  var bodies: [String: String] = [:]
  /// As in a container that forbids keyctl(2).
  var isRefused = false
  /// As when the quota is used up.
  var isFull = false

  private var generations: [String: Int32] = [:]

  func find(_ selector: AccountSelector, at now: Moment) -> Token? {
    if let token = token(selector, at: now) { return token }
    guard selector.name != nil,
      let token = token(AccountSelector(api: selector.api, name: nil), at: now),
      token.account == selector.name
    else { return nil }
    return token
  }

  private func token(_ selector: AccountSelector, at now: Moment) -> Token? {
    guard !isRefused, let body = bodies[selector.keyDescription],
      let token = Token(stored: Secret(copying: body)), token.expiry.remaining(at: now) > 0
    else { return nil }
    return token
  }

  func shelf(for selector: AccountSelector) -> Shelf? {
    isRefused
      ? nil : Shelf(selector, number: generations[selector.keyDescription, default: 1])
  }

  func keep(_ token: borrowing Token, on shelf: Shelf, at now: Moment) {
    guard !isFull, shelf == self.shelf(for: shelf.selector),
      token.expiry.remaining(at: now) >= 1000
    else { return }
    bodies[shelf.selector.keyDescription] = text(token.stored())
  }

  /// Shelves that were taken away because nothing was kept on them.
  private(set) var cleared: [String] = []

  func clear(_ shelf: Shelf) {
    guard bodies[shelf.selector.keyDescription] == nil else { return }
    cleared.append(shelf.selector.keyDescription)
  }

  func drop(_ selector: AccountSelector) {
    generations[selector.keyDescription, default: 1] += 1
    bodies[selector.keyDescription] = nil
  }
}

/// The keyring: bodies by `token NAME`, `credential NAME` and `default`.
final class FakeStore: CredentialStore {
  var bodies: [String: String] = [:]
  /// What an earlier question has read with it: answered with until it is to be read afresh.
  var readAhead: [String: String] = [:]
  /// Every call as `find token anna@domain.com`, `store …`, `remove …`.
  var calls: [String] = []
  /// Which calls fail, and how.
  var trouble: (String) -> KeyringError? = { _ in nil }
  /// As the environment is, which brings what ``mark`` tells from its successor.
  var isReadOnly = false
  var mark = Credential.keyringMark

  private func call(_ verb: String, _ item: String) throws(KeyringError) -> String? {
    calls.append("\(verb) \(item)")
    // What comes meanwhile comes after it was read.
    let answer = verb == "find" ? readAhead[item] ?? bodies[item] : bodies[item]
    if let error = trouble("\(verb) \(item)") { throw error }
    return answer
  }

  func readAfresh() { readAhead = [:] }

  private func store(_ body: consuming Secret, as item: String) throws(KeyringError) {
    _ = try call("store", item)
    bodies[item] = text(body)
  }

  private func remove(_ item: String) throws(KeyringError) -> Bool {
    let found = try call("remove", item)
    bodies[item] = nil
    return found != nil
  }
}

extension FakeStore {
  func defaultAccount(at api: APIURL) throws(KeyringError) -> String? {
    try call("find", "default")
  }

  func accounts(at api: APIURL) throws(KeyringError) -> [String] {
    _ = try call("find", "accounts")
    return bodies.keys.filter { $0.hasPrefix("credential ") }.map { String($0.dropFirst(11)) }
      .sorted()
  }

  func token(of account: Account) throws(KeyringError) -> Token? {
    guard let body = try call("find", "token \(account.name)") else { return nil }
    return Token(stored: Secret(copying: body))
  }

  func credential(of account: Account) throws(KeyringError) -> Credential? {
    guard let body = try call("find", "credential \(account.name)"),
      let found = Credential(stored: Secret(copying: body), account: account)
    else { return nil }
    return Credential(
      account: account, grant: found.grant, secret: found.secret.duplicate(),
      refusedOn: found.refusedOn, mark: mark)
  }

  func store(_ token: borrowing Token, of account: Account) throws(KeyringError) {
    try store(token.stored(), as: "token \(account.name)")
  }

  func store(_ credential: borrowing Credential) throws(KeyringError) {
    if isReadOnly { throw KeyringError(.readOnly) }
    try store(credential.stored(), as: "credential \(credential.account.name)")
  }

  func makeDefault(_ account: Account) throws(KeyringError) {
    try store(Secret(copying: account.name), as: "default")
  }

  func removeToken(of account: Account) throws(KeyringError) -> Bool {
    try remove("token \(account.name)")
  }

  func removeCredential(of account: Account) throws(KeyringError) -> Bool {
    try remove("credential \(account.name)")
  }

  func removeDefault(at api: APIURL) throws(KeyringError) -> Bool {
    try remove("default")
  }
}

/// METI: answers as it is told, then with tokens for an hour, numbered from 1.
final class FakeIssuer: TokenIssuer {
  enum Answer {
    case token(lifetime: Int64)
    case failure(IssuerError)
  }

  var next: [Answer] = []
  /// Answers once ``next`` is used up, and is told what was sent.
  var answer: (String) -> Answer = { _ in .token(lifetime: 3600) }
  /// What was sent, as `NAME PASSWORD`.
  private(set) var asked: [String] = []

  func issue(
    for credential: borrowing Credential, until deadline: Deadline
  ) throws(IssuerError) -> IssuedToken {
    let sent = "\(credential.account.name) \(text(credential.secret))"
    asked.append(sent)
    switch next.isEmpty ? answer(sent) : next.removeFirst() {
    case .token(let lifetime):
      return IssuedToken(secret: Secret(copying: "issued-\(asked.count)"), lifetime: lifetime)
    case .failure(let error): throw error
    }
  }
}

/// The account's lock, with another process that may hold it first.
final class FakeLock: AccountLock {
  let held = FakeHeldLock()
  /// What the holder does while we wait.
  var meanwhile: (() -> Void)?
  /// The holder never lets go.
  var isStuck = false
  private(set) var acquired = 0

  func acquire(
    _ account: Account, until deadline: Deadline, whileWaiting: () -> Bool
  ) throws(LockError) -> (any HeldLock)? {
    if isStuck { throw LockError() }
    if let meanwhile {
      self.meanwhile = nil
      meanwhile()
      if whileWaiting() { return nil }
    }
    acquired += 1
    return held
  }
}

final class FakeHeldLock: HeldLock {
  private(set) var note = LockNote()
  /// As on a disk that is full.
  var isFull = false

  func leave(_ note: LockNote) -> Bool {
    guard !isFull else { return false }
    self.note = note
    return true
  }
}
