/// Asks METI again while trouble may pass, and backs off while it does not.
///
/// At most four requests, with pauses that double and are jittered, so that many machines do not
/// return at the same moment. Retry-After is honoured. If the trouble stays, or the answer is
/// unusable, the account's lock holds the pause, and callers that waited for the lock share the
/// failure instead of asking themselves. A call whose own time runs out leaves no pause.
struct RetryPolicy {
  let clock: any Clock
  let held: any HeldLock
  /// Receives what is waited for, if the pause is more than a second.
  var wait: (String) -> Void = { _ in }

  /// Four requests take about four seconds of pauses: enough for a restart behind a load balancer,
  /// short enough for a user who waits.
  static let attempts = 4
  /// The first pause in milliseconds, before jitter.
  static let firstPause: Int64 = 500
  /// The pause after the last attempt, if METI asked for none, in milliseconds.
  static let pauseAfterFailure: Int64 = 8_000
  /// The same after an unusable answer: enough for a burst of calls, and hardly felt by a user who has
  /// corrected a URL and tries again.
  static let pauseAfterUnusable: Int64 = 2_000
  /// For the name lookup and the connection of the first attempt, in milliseconds; every later one
  /// gets twice as much. A resolver that drops one of its queries takes 15 seconds.
  static let firstConnectLimit: Int64 = 10_000

  /// - Parameters:
  ///   - start: when the call began.
  ///   - firstLimit: for the whole first attempt, in milliseconds, if it must be short.
  ///   - isRefresh: whether the old token still lives: then METI is asked once, without waiting.
  func issue(
    from issuer: any TokenIssuer, for credential: borrowing Credential, since start: Moment,
    until deadline: Deadline, firstLimit: Int64? = nil, isRefresh: Bool = false
  ) throws(IssuerError) -> Token {
    try awaitEarlierTrouble(since: start, until: deadline, isRefresh)
    var pause = Self.firstPause
    var attempt = 1
    while true {
      let failure: IssuerError
      var (trouble, asked, isTransient) = ("", Int64?.none, true)
      let sent = clock.now()
      let limit = attempt == 1 ? firstLimit ?? .max : .max
      do {
        let issued = try issuer.issue(
          for: credential, until: Deadline(min(limit, deadline.remaining(at: sent)), from: sent),
          connectLimit: Self.firstConnectLimit << Int64(attempt - 1))
        held.update(at: clock.now()) { state in
          state.backOff = nil
          state.clearRejection(of: credential.fingerprint)
        }
        return Token(
          secret: issued.secret, account: credential.account.name,
          expiry: sent.later(issued.lifetime * 1000), lifetime: issued.lifetime)
      } catch {
        failure = error
        switch error {
        case .unavailable(let reason, _, let retryAfter, let mayPass):
          (trouble, asked, isTransient) = (reason, Self.askedPause(retryAfter), mayPass)
        case .outOfTime(let reason, _):
          // The time for this request or its connection is over, but not the call's.
          guard deadline.remaining(at: clock.now()) > pause else { throw error }
          trouble = reason
        case .unusable(let reason):
          backOff(Self.pauseAfterUnusable, reason, isUnusable: true)
          throw error
        case .rejected: throw error
        }
      }
      let next = max(jittered(pause), asked ?? 0)
      guard isTransient, attempt < Self.attempts, !isRefresh,
        next < deadline.remaining(at: clock.now())
      else {
        // A refresh has its claim for a pause.
        if asked != nil || !isRefresh {
          backOff(asked ?? (isTransient ? Self.pauseAfterFailure : 0), trouble)
        }
        throw failure
      }
      self.pause(next)
      pause *= 2
      attempt += 1
    }
  }

  /// Waits for the end of the pause that the last holder wrote. Shares its failure if this call was
  /// waiting while it tried, or cannot wait that long.
  private func awaitEarlierTrouble(
    since start: Moment, until deadline: Deadline, _ isRefresh: Bool
  ) throws(IssuerError) {
    let now = clock.now()
    guard let earlier = held.state.backOff else { return }
    let remaining = earlier.remaining(at: now)
    let isHopeless = remaining > 0 && (isRefresh || remaining >= deadline.remaining(at: now))
    if isHopeless || earlier.happened(after: start, at: now) { throw earlier.error(remaining) }
    if remaining > 0 { pause(remaining) }
  }

  private func pause(_ milliseconds: Int64) {
    if milliseconds > 1000 { wait("retrying in \((milliseconds + 999) / 1000) seconds") }
    clock.pause(milliseconds)
  }

  private func backOff(_ pause: Int64, _ reason: String, isUnusable: Bool = false) {
    let new = BackOff(since: clock.now(), pause: pause, reason: reason, isUnusable: isUnusable)
    held.update(at: clock.now()) { $0.backOff = new }
  }

  /// The pause that the server asked for, in milliseconds. A pause of zero does not count: all waiting
  /// callers would ask, one after the other.
  private static func askedPause(_ seconds: Int64?) -> Int64? {
    seconds.flatMap { $0 > 0 ? min($0, BackOff.longest / 1000) * 1000 : nil }
  }

  /// Between half of `pause` and all of it.
  private func jittered(_ pause: Int64) -> Int64 {
    pause / 2 + Int64(Double(pause / 2) * clock.random())
  }
}

extension BackOff {
  /// The failure, for callers that share it.
  /// - Parameter remaining: milliseconds of the pause that are left.
  fileprivate func error(_ remaining: Int64) -> IssuerError {
    if isUnusable { return .unusable(reason: reason) }
    let seconds = remaining > 0 ? (remaining + 999) / 1000 : nil
    return .unavailable(reason, retryAfter: seconds, isTransient: false)
  }
}
