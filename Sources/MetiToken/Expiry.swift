/// When a token ends, kept on two clocks.
///
/// Within one start of the machine the boot clock decides, so that neither a stepped wall clock
/// nor a suspension serves a dead token or throws away a good one. After a restart the wall clock
/// is all there is.
public struct Expiry: Equatable, Sendable {
  /// Milliseconds since 1970-01-01 UTC.
  public var wall: Int64
  /// Milliseconds on the boot clock of `bootID`.
  public var boot: Int64
  public var bootID: String

  public init(wall: Int64, boot: Int64, bootID: String) {
    self.wall = wall
    self.boot = boot
    self.bootID = bootID
  }

  /// The expiry of something that lives `lifetime` seconds from `start`.
  public init(lifetime: Int64, from start: Moment) {
    wall = start.wall + lifetime * 1000
    boot = start.boot + lifetime * 1000
    bootID = start.bootID
  }

  /// Milliseconds left at `now`; negative once it is over.
  public func remaining(at now: Moment) -> Int64 {
    isSameBoot(now) ? boot - now.boot : wall - now.wall
  }

  public func isOver(at now: Moment) -> Bool { remaining(at: now) <= 0 }

  /// When it ends, in seconds since 1970-01-01 UTC by the wall clock of `now`, with which
  /// readers compare it.
  public func epochSeconds(at now: Moment) -> Int64 {
    let end = now.wall + remaining(at: now)
    // The two clocks are read one after the other, and a stored wall clock has whole seconds: nearly
    // equal times are given as the same second.
    return (abs(end - wall) < 2000 ? wall : end) / 1000
  }

  public func isSameBoot(_ now: Moment) -> Bool {
    !bootID.isEmpty && bootID.utf8.elementsEqual(now.bootID.utf8)
  }
}
