import Diagnosis
import FileLock
import MetiToken

/// Whether METI is being left alone after it was in trouble.
enum PauseExam {
  static func check(_ account: Account?, _ lock: FileLock, _ clock: any Clock) -> Check {
    guard let account else {
      return Check(.pause, .skipped(hint: "see account"), "not looked at")
    }
    guard let backOff = lock.note(of: account).backOff,
      case let remaining = backOff.remaining(at: clock.now()), remaining > 0
    else { return Check(.pause, .ok, "none") }
    return Check(
      .pause, .warning(hint: "wait, or let calls wait with --timeout"),
      "METI is left alone for \(Spoken.duration((remaining + 999) / 1000)): \(backOff.reason)")
  }
}
