/// How this machine's clock stands to METI's, by the Date of an answer.
///
/// Until the next restart expiry is counted on the machine's own clock, which nobody sets. The wall
/// clock decides after one, for tokens without a lifetime, for certificates, and for git and
/// Bazel, which are told a time of day.
public enum ClockSkew {
  /// Half the minute by which a token is renewed early: up to there nothing is noticed, in
  /// milliseconds.
  public static let tolerated: Int64 = 30_000
  /// Beyond this dead tokens are taken for good ones or good ones for dead, in milliseconds.
  public static let longest: Int64 = 300_000

  /// - Parameters:
  ///   - lead: milliseconds by which METI's clock is ahead of this one.
  ///   - duration: puts seconds into words.
  public static func check(
    lead: Int64, status: Int32, _ duration: (Int64) -> String
  ) -> Check {
    let skew = abs(lead)
    guard skew > 1500 else { return Check(.clock, .ok, "agrees with METI's to the second") }
    let detail = "this clock is \(duration(skew / 1000)) \(lead > 0 ? "behind" : "ahead of") METI's"
    let hint = "set the clock, for example with: timedatectl set-ntp true"
    switch skew {
    case ...tolerated: return Check(.clock, .ok, detail)
    case ...longest: return Check(.clock, .warning(hint: hint), detail)
    default: return Check(.clock, .failed(status: status, hint: hint), detail)
    }
  }
}
