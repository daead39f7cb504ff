@testable import MetiToken

/// A clock whose waits need no time.
protocol WaitingClock: Clock {
  /// Waits, as for a lock or a server.
  func pass(_ milliseconds: Int64)
}

/// A clock that stands still until somebody waits.
final class FakeClock: WaitingClock {
  var moment = noon
  var jitter = 0.0
  private(set) var pauses: [Int64] = []
  /// Milliseconds since the test began, whatever became of the clocks.
  private(set) var elapsed: Int64 = 0
  private var plans: [(boot: Int64, action: () -> Void)] = []

  func now() -> Moment { moment }
  func random() -> Double { jitter }

  func pause(_ milliseconds: Int64) {
    pauses.append(milliseconds)
    pass(milliseconds)
  }

  func pass(_ milliseconds: Int64) {
    elapsed += milliseconds
    let end = moment.later(milliseconds)
    while let next = plans.firstIndex(where: { $0.boot <= end.boot }) {
      let plan = plans.remove(at: next)
      moment = moment.later(max(plan.boot - moment.boot, 0))
      plan.action()
    }
    moment = end
  }

  /// What another process does after `milliseconds`.
  func after(_ milliseconds: Int64, _ action: @escaping () -> Void) {
    plans.append((moment.boot + milliseconds, action))
  }
}

/// The kernel cache.
final class FakeCache: TokenCache {
  /// By the descriptions of the keys.
  var bodies: [String: String] = [:]
  /// As in a container that forbids keyctl(2).
  var isRefused = false
  /// As when the quota is used up.
  var isFull = false

  func find(_ account: Account, at now: Moment) -> Token? {
    guard !isRefused, let body = bodies[account.description] else { return nil }
    return CachedForm.token(Secret(copying: body), of: account, at: now)
  }

  func store(_ token: borrowing Token, of account: Account, at now: Moment) -> CacheResult {
    if remove(account) == .oldTokenRemains { return .oldTokenRemains }
    guard !isRefused, !isFull, let body = CachedForm.pack(token, at: now) else { return .nothing }
    bodies[account.description] = text(body)
    return .done
  }

  func remove(_ account: Account) -> CacheResult {
    if isRefused { return bodies[account.description] == nil ? .nothing : .oldTokenRemains }
    return bodies.removeValue(forKey: account.description) == nil ? .nothing : .done
  }

  func removeAll(at api: APIURL) -> CacheResult {
    let others = bodies.filter { !$0.key.hasPrefix("meti-token:\(api.text)#") }
    if others.count == bodies.count { return .nothing }
    if isRefused { return .oldTokenRemains }
    bodies = others
    return .done
  }
}

/// The file of the default accounts, for one API.
final class FakeDefaults: DefaultAccounts {
  var name: String?
  var trouble: DefaultAccountError?

  func name(at api: APIURL) throws(DefaultAccountError) -> String? {
    if let trouble { throw trouble }
    return name
  }

  func set(_ account: Account) throws(DefaultAccountError) {
    if let trouble { throw trouble }
    name = account.name
  }

  func remove(at api: APIURL) throws(DefaultAccountError) {
    if let trouble { throw trouble }
    name = nil
  }
}

/// METI: answers as ``next`` says, then as ``answer`` does.
final class FakeIssuer: TokenIssuer {
  enum Answer {
    case token(lifetime: Int64)
    case failure(IssuerError)
    case silence
  }

  let clock: any WaitingClock
  var next: [Answer] = []
  /// Receives what was sent.
  var answer: (String) -> Answer = { _ in .token(lifetime: 3600) }
  /// How long METI takes to answer.
  var delay: Int64 = 0
  /// What was sent, as `NAME PASSWORD`.
  private(set) var asked: [String] = []
  private(set) var connectLimits: [Int64] = []

  init(_ clock: any WaitingClock) { self.clock = clock }

  func issue(
    for credential: borrowing Credential, until deadline: Deadline, connectLimit: Int64
  ) throws(IssuerError) -> IssuedToken {
    let sent = "\(credential.account.name) \(text(credential.secret))"
    asked.append(sent)
    connectLimits.append(connectLimit)
    let number = asked.count
    let left = deadline.remaining(at: clock.now())
    clock.pass(min(delay, left))
    guard delay < left else { throw .outOfTime(reason: "no answer in time") }
    switch next.isEmpty ? answer(sent) : next.removeFirst() {
    case .token(let lifetime):
      return IssuedToken(secret: Secret(copying: "issued-\(number)"), lifetime: lifetime)
    case .failure(let error): throw error
    case .silence:
      clock.pass(left - delay)
      throw .outOfTime(reason: "no answer in time")
    }
  }
}

/// The account's lock, which another process may hold.
final class FakeLock: Locks {
  let clock: any WaitingClock
  fileprivate(set) var note = ""
  var isHeld = false
  /// As on a disk that is full.
  var isFull = false
  /// Runs before the lock is acquired.
  var before: () -> Void = {}
  fileprivate(set) var acquired = 0

  init(_ clock: any WaitingClock) { self.clock = clock }

  var state: LockState {
    get { LockState(text: note) }
    set { note = newValue.text }
  }

  func tryAcquire(named name: String) -> (any HeldLock)? {
    before()
    return isHeld ? nil : FakeHeldLock(self)
  }

  func acquire(
    named name: String, until deadline: Deadline, whileWaiting: () -> Bool
  ) throws(LockError) -> (any HeldLock)? {
    while isHeld {
      if whileWaiting() { return nil }
      guard deadline.remaining(at: clock.now()) > 0 else { throw LockError() }
      clock.pass(50)
    }
    return FakeHeldLock(self)
  }

  func note(named name: String) -> String { note }
}

final class FakeHeldLock: HeldLock {
  private let lock: FakeLock

  init(_ lock: FakeLock) {
    self.lock = lock
    lock.isHeld = true
    lock.acquired += 1
  }

  deinit { lock.isHeld = false }

  var note: String { lock.note }

  func write(_ note: String) -> Bool {
    guard !lock.isFull else { return false }
    lock.note = note
    return true
  }
}
