/// METI rejected a credential. It is not sent again until it changes, so that a cron job cannot lock
/// an account.
public struct Rejection: Codable, Equatable, Sendable {
  /// When, in seconds since 1970 UTC.
  public let on: Int64
  /// For a rejection that names no reason about the credential: how often it has happened, each time
  /// less than ``memory`` after the last, at least 1. METI is then tried again later. `nil` for a
  /// definite one.
  var ambiguousCount: Int64?

  /// Seconds from an ambiguous rejection to the next try: one hour, four, then a day.
  private static let pauses: [Int64] = [3600, 4 * 3600, 86_400]

  /// Two days, in seconds: an ambiguous rejection that is older counts no more.
  static let memory: Int64 = 2 * 86_400

  /// Whether METI may be tried again at `now`. A wall clock that was set back counts as no time.
  func mayRetry(at now: Moment) -> Bool {
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

extension Renewal {
  /// The credential, unless METI has rejected it.
  func usableCredential(
    _ search: Search, _ held: any HeldLock
  ) throws(TokenError) -> Credential {
    let account = search.account
    guard let credential = try asking(try store.credential(of: account)) else {
      throw search.request.selector.name == nil
        ? .defaultNotStored(account) : .noAccount(.named(account))
    }
    let now = clock.now()
    if let rejection = held.state.rejection(of: credential, at: now), !rejection.mayRetry(at: now) {
      throw .rejectedBefore(account, rejection)
    }
    return credential
  }

  /// Keeps later calls from sending this credential again: by a mark in the store, else, also if
  /// writing it could prompt, by one in the lock file.
  func recordRejection(
    of credential: borrowing Credential, isAmbiguous: Bool, _ held: any HeldLock, mayPrompt: Bool
  ) {
    let now = clock.now()
    let rejection = Rejection.next(
      after: held.state.rejection(of: credential, at: now), isAmbiguous: isAmbiguous, at: now)
    if mayPrompt, credential.fingerprint == Credential.keyringFingerprint {
      do {
        // A login or logout may have come between, if nothing can be locked here.
        let stored = try store.credential(of: credential.account)
        guard let stored, stored.secret.equals(credential.secret) else { return }
        return try store.store(credential.rejected(rejection))
      } catch {}
    }
    let fingerprint = credential.fingerprint
    let isWritten = held.update(at: now) { $0.recordRejection(rejection, of: fingerprint, at: now) }
    if !isWritten { report(.rejectionNotRecorded) }
  }
}

extension LockState {
  /// How METI last rejected the credential, by its own mark or by this state.
  public func rejection(of credential: borrowing Credential, at now: Moment) -> Rejection? {
    let noted = rejection(of: credential.fingerprint, at: now)
    return [credential.rejection, noted].compactMap { $0 }.max { $0.on < $1.on }
  }
}
