/// What the holders of an account's lock tell each other. Nothing in it is secret.
public struct LockState: Equatable, Sendable {
  /// Until when METI is not contacted; `nil` if there was no trouble.
  public var backOff: BackOff?
  /// Until when no caller tries to refresh a token that is still valid.
  public var refreshClaim: RefreshClaim?
  /// The credentials that METI rejected and that the store cannot mark; the latest last.
  public private(set) var rejections: [Rejected]

  public init(
    backOff: BackOff? = nil, refreshClaim: RefreshClaim? = nil, rejections: [Rejected] = []
  ) {
    self.backOff = backOff
    self.refreshClaim = refreshClaim
    self.rejections = rejections
  }

  /// How many rejections are kept: several services of one user may each have a wrong password.
  public static let mostRejections = 4

  public var isEmpty: Bool { backOff == nil && refreshClaim == nil && rejections.isEmpty }

  /// How METI rejected the credential with this fingerprint; `nil` if it did not, or not recently.
  public func rejection(of fingerprint: String, at now: Moment) -> Rejection? {
    rejections.last {
      $0.fingerprint.utf8.elementsEqual(fingerprint.utf8) && $0.isCurrent(at: now)
    }?
    .rejection
  }

  public mutating func recordRejection(
    _ rejection: Rejection, of fingerprint: String, at now: Moment
  ) {
    clearRejection(of: fingerprint)
    let new = Rejected(fingerprint: fingerprint, rejection: rejection, since: now)
    rejections = (rejections + [new]).suffix(Self.mostRejections)
  }

  public mutating func clearRejection(of fingerprint: String) {
    rejections.removeAll { $0.fingerprint.utf8.elementsEqual(fingerprint.utf8) }
  }

  /// The state without what no longer holds: of another boot, or expired.
  public func current(at now: Moment) -> LockState {
    LockState(
      backOff: backOff.flatMap { $0.remaining(at: now) > 0 ? $0 : nil },
      refreshClaim: refreshClaim.flatMap { $0.isCurrent(at: now) ? $0 : nil },
      rejections: rejections.filter { $0.isCurrent(at: now) })
  }

  /// That METI rejected a credential of the environment.
  public struct Rejected: Equatable, Sendable {
    /// The credential's ``Credential/fingerprint``.
    public let fingerprint: String
    public let rejection: Rejection
    public let since: Moment

    public init(fingerprint: String, rejection: Rejection, since: Moment) {
      self.fingerprint = fingerprint
      self.rejection = rejection
      self.since = since
    }

    /// One day for a definite rejection: a corrected password has another fingerprint. An ambiguous
    /// one is kept for longer, because its count matters when it is retried after a day.
    func isCurrent(at now: Moment) -> Bool {
      let seconds = rejection.ambiguousCount == nil ? 86_400 : Rejection.memory
      return since.isElapsed(lessThan: seconds * 1000, at: now)
    }
  }
}

/// That a caller is refreshing a token, or has tried without success.
public struct RefreshClaim: Equatable, Sendable {
  public let since: Moment
  /// Milliseconds from `since`.
  public let pause: Int64

  public init(since: Moment, pause: Int64) {
    self.since = since
    self.pause = pause
  }

  public func isCurrent(at now: Moment) -> Bool {
    since.isElapsed(lessThan: min(pause, BackOff.longest), at: now)
  }

  /// Milliseconds left of a current claim.
  func remaining(at now: Moment) -> Int64 { max(pause - (now.boot - since.boot), 0) }
}

/// Until when METI is not contacted after trouble.
public struct BackOff: Equatable, Sendable {
  /// When the trouble was seen.
  public let since: Moment
  /// Milliseconds from `since`.
  public let pause: Int64
  public let reason: String
  /// Whether METI answered and the answer was unusable, rather than being in trouble.
  public let isUnusable: Bool

  public init(since: Moment, pause: Int64, reason: String, isUnusable: Bool = false) {
    self.since = since
    self.pause = pause
    self.reason = reason
    self.isUnusable = isUnusable
  }

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
  func isElapsed(lessThan milliseconds: Int64, at now: Moment) -> Bool {
    bootID.utf8.elementsEqual(now.bootID.utf8) && boot >= 0 && boot <= now.boot
      && now.boot - boot < milliseconds
  }
}
