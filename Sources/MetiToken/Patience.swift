/// Asks METI again when trouble may pass, and leaves it alone when it does not.
///
/// At most four requests, with pauses that double and are jittered, so that many machines do not
/// come back at the same moment. Retry-After is honoured. When the trouble stays, or the answer is of
/// no use, the pause is left in the account's lock, and those who waited for the lock meanwhile share
/// the failure instead of asking themselves. A call whose own time runs out leaves nothing.
struct Patience {
  let clock: any Clock
  let held: any HeldLock

  /// Four requests take about four seconds of pauses: enough for a restart behind a load
  /// balancer, short enough for a person.
  static let attempts = 4
  /// The first pause in milliseconds, before jitter.
  static let firstPause: Int64 = 500
  /// How long METI is left alone after the last attempt, where it did not say, in milliseconds.
  static let restAfterFailure: Int64 = 8_000
  /// The same after an answer that is of no use: enough for a burst of calls, and hardly felt by who
  /// has corrected a URL and tries again.
  static let restAfterUnusable: Int64 = 2_000

  func issue(
    from issuer: any TokenIssuer, for credential: borrowing Credential,
    since start: Moment, until deadline: Deadline
  ) throws(IssuerError) -> Token {
    try awaitEarlierTrouble(since: start, until: deadline)
    var pause = Self.firstPause
    var attempt = 1
    while true {
      let sent = clock.now()
      let trouble: IssuerError.Unavailable
      do {
        let issued = try issuer.issue(for: credential, until: deadline)
        held.revise { note in
          note.backOff = nil
          note.forgive(credential.mark)
        }
        return Token(
          secret: issued.secret.duplicate(), account: credential.account.name,
          expiry: Expiry(lifetime: issued.lifetime, from: sent), lifetime: issued.lifetime)
      } catch {
        switch error {
        case .unavailable(let unavailable): trouble = unavailable
        case .unusable(let reason):
          held.backOff = BackOff(
            since: clock.now(), pause: Self.restAfterUnusable, reason: reason, isUnusable: true)
          throw error
        case .refused, .outOfTime: throw error
        }
      }
      // No time at all is no answer to when: those who wait would all ask, one after the other.
      let asked = trouble.retryAfter.flatMap {
        $0 > 0 ? min($0, BackOff.longest / 1000) * 1000 : nil
      }
      let wait = max(jittered(pause), asked ?? 0)
      let now = clock.now()
      let isWorthIt = trouble.isTransient && attempt < Self.attempts
      guard isWorthIt, wait < deadline.remaining(at: now) else {
        held.backOff = BackOff(
          since: now, pause: asked ?? (trouble.isTransient ? Self.restAfterFailure : 0),
          reason: trouble.reason)
        throw .unavailable(trouble)
      }
      clock.pause(wait)
      pause *= 2
      attempt += 1
    }
  }

  /// Waits out the pause that the last holder left, or shares its failure where this call was
  /// already waiting while it tried, or cannot wait that long.
  private func awaitEarlierTrouble(
    since start: Moment, until deadline: Deadline
  ) throws(IssuerError) {
    let now = clock.now()
    guard let earlier = held.backOff else { return }
    let remaining = earlier.remaining(at: now)
    if earlier.happened(after: start, at: now) { throw earlier.error(remaining) }
    guard remaining > 0 else { return }
    guard remaining < deadline.remaining(at: now) else { throw earlier.error(remaining) }
    clock.pause(remaining)
  }

  /// Between half of `pause` and all of it.
  private func jittered(_ pause: Int64) -> Int64 {
    pause / 2 + Int64(Double(pause / 2) * clock.random())
  }
}

extension BackOff {
  /// The failure, as those share it who do not ask themselves.
  /// - Parameter remaining: milliseconds in which METI is still left alone.
  fileprivate func error(_ remaining: Int64) -> IssuerError {
    guard !isUnusable else { return .unusable(reason: reason) }
    return .unavailable(
      IssuerError.Unavailable(
        reason: reason, retryAfter: remaining > 0 ? (remaining + 999) / 1000 : nil,
        isTransient: false))
  }
}
