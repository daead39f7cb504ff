import Glibc

/// A point in time on two clocks: now, or when a token ends.
///
/// Within one start of the machine the boot clock decides, so that neither a stepped wall clock
/// nor a suspension serves a dead token or throws away a good one. After a restart the wall clock
/// is all there is.
public struct Moment: Codable, Equatable, Sendable {
  /// Milliseconds since 1970-01-01 UTC (`CLOCK_REALTIME`); an administrator may step it.
  public var wall: Int64
  /// Milliseconds since the machine started, suspension included (`CLOCK_BOOTTIME`).
  public var boot: Int64
  /// Which start of the machine `boot` counts from (`/proc/sys/kernel/random/boot_id`). Empty
  /// where that cannot be read: then `boot` is not trusted across processes.
  public var bootID: String

  public init(wall: Int64, boot: Int64, bootID: String) {
    self.wall = wall
    self.boot = boot
    self.bootID = bootID
  }

  /// `milliseconds` later on both clocks.
  public func later(_ milliseconds: Int64) -> Moment {
    Moment(wall: wall + milliseconds, boot: boot + milliseconds, bootID: bootID)
  }

  /// Milliseconds from `now` to this moment; negative once it is over.
  public func remaining(at now: Moment) -> Int64 {
    isSameBoot(now) ? boot - now.boot : wall - now.wall
  }

  public func isOver(at now: Moment) -> Bool { remaining(at: now) <= 0 }

  /// This moment in seconds since 1970-01-01 UTC by the wall clock of `now`, with which readers
  /// compare it.
  public func epochSeconds(at now: Moment) -> Int64 {
    let end = now.wall + remaining(at: now)
    // The two clocks are read one after the other, and a stored wall clock has whole seconds: nearly
    // equal times are given as the same second.
    return (abs(end - wall) < 2000 ? wall : end) / 1000
  }

  func isSameBoot(_ now: Moment) -> Bool { !bootID.isEmpty && bootID == now.bootID }

  /// The clocks now (clock_gettime(2)).
  ///
  /// The wall clock is given as the boot clock and a distance in whole milliseconds, so that two calls
  /// name the same second for the end of a token.
  public static func now(bootID: String) -> Moment {
    var (boot, wall) = (nanoseconds(CLOCK_BOOTTIME), nanoseconds(CLOCK_REALTIME))
    // Again if the process was interrupted between the two.
    for _ in 0..<10 where nanoseconds(CLOCK_BOOTTIME) - boot > 100_000 {
      (boot, wall) = (nanoseconds(CLOCK_BOOTTIME), nanoseconds(CLOCK_REALTIME))
    }
    let milliseconds = boot / 1_000_000
    return Moment(
      wall: milliseconds + (wall - boot + 500_000) / 1_000_000, boot: milliseconds, bootID: bootID)
  }

  private static func nanoseconds(_ clock: clockid_t) -> Int64 {
    var time = timespec()
    // Cannot fail for these two clocks with a valid pointer (clock_gettime(2), ERRORS).
    _ = unsafe clock_gettime(clock, &time)
    return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
  }
}

/// The end of the time that a piece of work may take, on the boot clock.
///
/// All parts of a call share one value, so that the time in which the user is prompted can be added for
/// all of them.
public final class Deadline {
  public private(set) var boot: Int64

  /// `milliseconds` from `now`.
  public init(_ milliseconds: Int64, from now: Moment) {
    boot = now.boot + min(max(milliseconds, 0), Self.longest)
  }

  /// Milliseconds left, never negative.
  public func remaining(at now: Moment) -> Int64 { max(boot - now.boot, 0) }

  /// Moves the end by `milliseconds`.
  public func extend(by milliseconds: Int64) { boot += min(max(milliseconds, 0), Self.longest) }

  /// Moves the end to at most `milliseconds` from `now`.
  /// - Returns: by how much, for ``extend(by:)`` to give it back.
  func shorten(to milliseconds: Int64, from now: Moment) -> Int64 {
    let rest = max(remaining(at: now) - milliseconds, 0)
    boot -= rest
    return rest
  }

  /// A day, in milliseconds; more is no deadline.
  public static let longest: Int64 = 86_400_000
}
