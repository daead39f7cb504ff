/// METI rejected a credential. It is not sent again until it changes, so that a cron job cannot lock
/// an account.
public struct Rejection: Equatable, Sendable {
  /// When, in seconds since 1970 UTC.
  public let on: Int64
  /// For a rejection that names no reason about the credential: how often it has happened, each time
  /// less than ``memory`` after the last, at least 1. METI is then tried again later. `nil` for a
  /// definite one.
  public let ambiguousCount: Int64?

  public init(on: Int64, ambiguousCount: Int64? = nil) {
    self.on = on
    self.ambiguousCount = ambiguousCount
  }

  /// Seconds from an ambiguous rejection to the next try: one hour, four, then a day.
  private static let pauses: [Int64] = [3600, 4 * 3600, 86_400]

  /// Two days, in seconds: an ambiguous rejection that is older counts no more.
  static let memory: Int64 = 2 * 86_400

  /// Whether METI may be tried again at `now`. A wall clock that was set back counts as no time.
  public func mayRetry(at now: Moment) -> Bool {
    guard let ambiguousCount else { return false }
    let index = min(max(ambiguousCount, 1), Int64(Self.pauses.count)) - 1
    return now.wall / 1000 - on >= Self.pauses[Int(index)]
  }

  /// The rejection that follows `old`.
  static func next(after old: Rejection?, isAmbiguous: Bool, at now: Moment) -> Rejection {
    let on = now.wall / 1000
    guard isAmbiguous else { return Rejection(on: on) }
    let isRecent = old.map { on - $0.on < memory } ?? false
    let count = isRecent ? old?.ambiguousCount ?? 0 : 0
    return Rejection(on: on, ambiguousCount: min(count + 1, Int64(pauses.count)))
  }
}
