import FoundationEssentials

/// What the holders of an account's lock tell each other. Nothing in it is secret.
public struct LockState: Codable, Equatable, Sendable {
  /// Until when METI is not contacted; `nil` if there was no trouble.
  public var backOff: BackOff?
  /// Until when no caller tries to refresh a token that is still valid.
  var refreshClaim: BackOff?
  /// The credentials that METI rejected and that the store cannot mark; the latest last.
  private(set) var rejections: [Rejected] = []

  /// How many rejections are kept: several services of one user may each have a wrong password.
  static let mostRejections = 4

  /// How METI rejected the credential with this fingerprint; `nil` if it did not, or not recently.
  func rejection(of fingerprint: String, at now: Moment) -> Rejection? {
    rejections.last { $0.fingerprint == fingerprint && $0.isCurrent(at: now) }?.rejection
  }

  mutating func recordRejection(_ rejection: Rejection, of fingerprint: String, at now: Moment) {
    clearRejection(of: fingerprint)
    let new = Rejected(fingerprint: fingerprint, rejection: rejection, since: now)
    rejections = (rejections + [new]).suffix(Self.mostRejections)
  }

  mutating func clearRejection(of fingerprint: String) {
    rejections.removeAll { $0.fingerprint == fingerprint }
  }

  /// The state without what no longer holds: of another boot, or expired.
  func current(at now: Moment) -> LockState {
    LockState(
      backOff: backOff.flatMap { $0.remaining(at: now) > 0 ? $0 : nil },
      refreshClaim: refreshClaim.flatMap { $0.remaining(at: now) > 0 ? $0 : nil },
      rejections: rejections.filter { $0.isCurrent(at: now) })
  }

  /// That METI rejected a credential of the environment.
  struct Rejected: Codable, Equatable, Sendable {
    /// The credential's ``Credential/fingerprint``.
    let fingerprint: String
    let rejection: Rejection
    let since: Moment

    /// One day for a definite rejection: a corrected password has another fingerprint. An ambiguous
    /// one is kept for longer, because its count matters when it is retried after a day.
    func isCurrent(at now: Moment) -> Bool {
      let seconds = rejection.ambiguousCount == nil ? 86_400 : Rejection.memory
      return rejection.on >= 0 && since.isElapsed(lessThan: seconds * 1000, at: now)
    }
  }
}

extension LockState {
  /// As JSON; nothing if there is nothing to say.
  var text: String {
    guard self != LockState(), let json = try? JSONEncoder().encode(self) else { return "" }
    return String(decoding: json, as: UTF8.self)
  }

  /// Reads it. What is malformed is an empty state.
  init(text: String) {
    let state = text.isEmpty ? nil : try? JSONDecoder().decode(Self.self, from: Data(text.utf8))
    self = state ?? LockState()
  }
}

/// Until when METI is not contacted: after trouble, or while one caller refreshes the token.
public struct BackOff: Codable, Equatable, Sendable {
  let since: Moment
  /// Milliseconds from `since`.
  let pause: Int64
  /// The trouble, in words.
  public var reason = ""
  /// Whether METI answered and the answer was unusable, rather than being in trouble.
  var isUnusable = false

  /// The longest pause that is honoured, one hour in milliseconds: a server's mistake must not
  /// silence an account for a night.
  public static let longest: Int64 = 3_600_000

  /// Milliseconds still to wait at `now`; 0 after a restart of the machine.
  public func remaining(at now: Moment) -> Int64 {
    guard pause <= Self.longest, since.isElapsed(lessThan: pause, at: now) else { return 0 }
    return pause - (now.boot - since.boot)
  }

  /// Whether it was seen while a call waited that began at `start` and shares the failure.
  func happened(after start: Moment, at now: Moment) -> Bool {
    pause > 0 && since.isElapsed(lessThan: .max, at: now) && since.boot >= start.boot
  }
}

extension Moment {
  /// Whether this is a moment of the same boot, not after `now`, and fewer than `milliseconds` ago.
  fileprivate func isElapsed(lessThan milliseconds: Int64, at now: Moment) -> Bool {
    bootID == now.bootID && boot >= 0 && boot <= now.boot && now.boot - boot < milliseconds
  }
}
