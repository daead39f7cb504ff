/// What a call has to do about a token that is stored, from nothing to all.
public enum RenewalNeed: Comparable, Sendable {
  /// Hand the token out; nothing else.
  case none
  /// One caller refreshes the token ahead of time. A failure is silent.
  case refresh
  /// As `refresh`, with a short wait and with a warning if it fails.
  case due
  /// Only a new token will do.
  case required
}

/// The points in a token's life at which its renewal becomes possible, due and required, in
/// milliseconds before its end.
extension Token {
  /// A quarter of the life, at most 15 minutes, which outlast most outages; and up to a tenth more: the
  /// last digits of the expiry spread a thousand machines that renewed at the same moment.
  static func refreshMargin(_ lifetime: Int64, _ expiry: Moment) -> Int64 {
    let margin = min(lifetime * 1000 / 4, 900_000)
    return margin + margin / 10 * ((expiry.boot % 1000 + 1000) % 1000) / 1000
  }

  /// A minute: two tries before a request that is slow to start could meet the end. Half the life of a
  /// short token.
  private var dueMargin: Int64 { min(60_000, lifetime * 1000 / 2) }

  /// For a request to reach a server whose clock runs a little ahead. A quarter of the life of a very
  /// short token, so that it is used at all.
  var handOutMargin: Int64 { min(5_000, lifetime * 1000 / 4) }

  /// Milliseconds from one try to refresh to the next.
  var refreshPause: Int64 { min(30_000, lifetime * 1000 / 8) }

  /// What a default call has to do about it.
  ///
  /// If a token has more time left than its whole life, the clock is wrong: the token is not used.
  public func need(at now: Moment) -> RenewalNeed {
    let left = expiry.remaining(at: now)
    guard left > handOutMargin, left <= lifetime * 1000 else { return .required }
    guard untilRefresh(at: now) <= 0 else { return .none }
    return left > dueMargin ? .refresh : .due
  }

  func untilRefresh(at now: Moment) -> Int64 {
    expiry.isSameBoot(now)
      ? refreshFrom - now.boot
      : expiry.remaining(at: now) - Self.refreshMargin(lifetime, expiry)
  }

  /// The same token, which no caller tries to refresh for a while: the claim of the caller that does.
  /// - Parameter pause: milliseconds.
  func claimed(at now: Moment, pause: Int64) -> Token {
    // A token of another boot, known by the wall clock alone, is put on this boot's clock.
    let left = expiry.remaining(at: now)
    return Token(
      secret: secret.duplicate(), account: account,
      expiry: Moment(wall: expiry.wall, boot: now.boot + left, bootID: now.bootID),
      lifetime: lifetime, refreshFrom: now.boot + min(pause, max(left - handOutMargin, 0)))
  }
}

/// What a call asks for.
public struct TokenRequest: Sendable {
  public var selector: AccountSelector
  /// Seconds that the token must still live; `nil` for the default (`--min-validity`).
  public var minimumValidity: Int64?
  /// Only a token issued after the call began will do (`--force-refresh`).
  public var mustBeNew: Bool

  public init(
    selector: AccountSelector, minimumValidity: Int64? = nil, mustBeNew: Bool = false
  ) {
    self.selector = selector
    self.minimumValidity = minimumValidity.map { max($0, 0) }
    self.mustBeNew = mustBeNew
  }

  /// What this call has to do about `token`; `start` is when it began.
  public func need(
    of token: borrowing Token, since start: Moment, at now: Moment
  ) -> RenewalNeed {
    if mustBeNew, !wasIssued(token, since: start) { return .required }
    if let minimumValidity {
      // If no token lives that long, half of its life is enough.
      let asked = canBeMet(by: token) ? minimumValidity * 1000 : token.lifetime * 1000 / 2
      if token.expiry.remaining(at: now) <= asked { return .required }
    }
    let need = token.need(at: now)
    // What was issued for this call is as new as it gets.
    return mustBeNew && need < .required ? .none : need
  }

  private func wasIssued(_ token: borrowing Token, since start: Moment) -> Bool {
    token.expiry.isSameBoot(start)
      && token.expiry.boot - token.lifetime * 1000 >= start.boot
  }

  /// Whether a token of this lifetime can meet the minimum validity at all.
  public func canBeMet(by token: borrowing Token) -> Bool {
    minimumValidity.map { $0 < token.lifetime } ?? true
  }
}
