/// What the holders of an account's lock leave to each other.
public struct LockNote: Equatable, Sendable {
  /// Until when METI is left alone; `nil` where it was not in trouble.
  public var backOff: BackOff?
  /// What METI refused, and the store could not keep a note of; the latest last.
  public private(set) var refusals: [Refusal]

  public init(backOff: BackOff? = nil, refusals: [Refusal] = []) {
    self.backOff = backOff
    self.refusals = refusals
  }

  /// As many as are kept: services of one user may each have a wrong password of their own.
  public static let mostRefusals = 4

  public var isEmpty: Bool { backOff == nil && refusals.isEmpty }

  /// When METI refused the credential of this mark, in seconds since 1970 UTC; `nil` where it did
  /// not, or that was too long ago.
  public func refusal(of mark: String, at now: Moment) -> Int64? {
    let found = refusals.last { $0.mark.utf8.elementsEqual(mark.utf8) && $0.holds(at: now) }
    return found.map { $0.since.wall / 1000 }
  }

  /// Takes note that METI refused the credential of this mark.
  public mutating func refuse(_ mark: String, at now: Moment) {
    forgive(mark)
    refusals = (refusals + [Refusal(mark: mark, since: now)]).suffix(Self.mostRefusals)
  }

  /// Forgets that METI refused the credential of this mark; those of others stay.
  public mutating func forgive(_ mark: String) {
    refusals.removeAll { $0.mark.utf8.elementsEqual(mark.utf8) }
  }

  /// That METI refused a credential.
  public struct Refusal: Equatable, Sendable {
    /// Its ``Credential/mark``.
    public let mark: String
    public let since: Moment

    public init(mark: String, since: Moment) {
      self.mark = mark
      self.since = since
    }

    /// Whether the credential is not to be tried at `now`: for an hour, in the same boot.
    func holds(at now: Moment) -> Bool {
      BackOff(since: since, pause: BackOff.longest, reason: "").remaining(at: now) > 0
    }
  }
}

/// Until when METI should be left alone after it was in trouble.
public struct BackOff: Equatable, Sendable {
  /// When the trouble was met.
  public let since: Moment
  /// Milliseconds from `since` in which nobody asks again.
  public let pause: Int64
  public let reason: String
  /// Whether METI answered and the answer could not be used, rather than being in trouble.
  public let isUnusable: Bool

  public init(since: Moment, pause: Int64, reason: String, isUnusable: Bool = false) {
    self.since = since
    self.pause = pause
    self.reason = reason
    self.isUnusable = isUnusable
  }

  /// The longest pause that is kept, in milliseconds: a server's mistake must not silence an
  /// account for a night.
  public static let longest: Int64 = 3_600_000

  /// Milliseconds still to wait at `now`. A restart of the machine ends the pause, and what no
  /// holder can have left, such as a pause from the future, is none.
  public func remaining(at now: Moment) -> Int64 {
    guard isPossible(at: now) else { return 0 }
    return max(pause - (now.boot - since.boot), 0)
  }

  /// Whether it was met while a call waited that began at `start`, and shares the failure.
  func happened(after start: Moment, at now: Moment) -> Bool {
    isPossible(at: now) && pause > 0 && since.boot >= start.boot
  }

  private func isPossible(at now: Moment) -> Bool {
    since.bootID == now.bootID && (0...max(now.boot, 0)).contains(since.boot)
      && (0...Self.longest).contains(pause)
  }
}
