import Diagnosis
import FileLock
import MetiToken

/// Whether METI is being left alone after it was in trouble.
enum PauseExam {
  static func check(_ account: Account?, _ lock: FileLock, _ clock: any Clock) -> Check {
    guard let account else {
      return Check(.pause, .skipped(hint: "see account"), "not looked at")
    }
    // A refusal is the password's trouble.
    guard let note = lock.note(of: account), note.refused == nil,
      case let remaining = note.remaining(at: clock.now()), remaining > 0
    else { return Check(.pause, .ok, "none") }
    return Check(
      .pause, .warning(hint: "wait, or let calls wait with --timeout"),
      "METI is left alone for \(Spoken.duration((remaining + 999) / 1000)): \(note.reason)")
  }
}
