import Glibc
import MetiToken
import Posix

/// Tells a person at a terminal what a call is waiting for, once it has waited for a second.
enum Progress {
  /// Milliseconds that pass in silence.
  static let patience: Int32 = 1000
  /// Whether there is anybody to tell.
  static var isWatched: Bool { isatty(STDERR_FILENO) == 1 }

  static func waiting<Result: ~Copyable, Failure: Error>(
    for what: String, during body: () throws(Failure) -> Result
  ) throws(Failure) -> Result {
    guard isWatched else { return try body() }
    return try Delayed.notice(
      after: patience, { Voice.say("waiting for \(what)") }, during: body)
  }
}

/// The issuer, while which is asked a person is told after a second.
struct AnnouncedIssuer: TokenIssuer {
  let issuer: any TokenIssuer

  func issue(
    for credential: borrowing Credential, until deadline: Deadline
  ) throws(IssuerError) -> IssuedToken {
    try Progress.waiting(for: "METI to answer") {
      () throws(IssuerError) in try issuer.issue(for: credential, until: deadline)
    }
  }
}

/// The accounts' locks, likewise.
struct AnnouncedLock: AccountLock {
  let lock: any AccountLock

  func acquire(
    _ account: Account, until deadline: Deadline, whileWaiting: () -> Bool
  ) throws(LockError) -> (any HeldLock)? {
    try Progress.waiting(for: "another meti-token that asks for the same token") {
      () throws(LockError) in
      try lock.acquire(account, until: deadline, whileWaiting: whileWaiting)
    }
  }
}

/// The clock, whose longer pauses are those that METI is left alone in.
struct AnnouncedClock: Clock {
  let clock: any Clock

  func now() -> Moment { clock.now() }
  func random() -> Double { clock.random() }
  func pause(_ milliseconds: Int64) {
    if milliseconds > Progress.patience, Progress.isWatched {
      Voice.say("METI is asked again in \((milliseconds + 999) / 1000) seconds")
    }
    clock.pause(milliseconds)
  }
}
