import MetiToken
import System
import TokenEndpoint

extension Call {
  /// The token in `METI_TOKEN`, as `exec` sets it, while it lives; `nil` if the call names an account.
  /// It is used as it is, without keyring and METI. The variable stands for the account's name.
  ///
  /// A JWT lives until its own `exp`. Of another token nothing is known, so it counts as one that has
  /// just been issued.
  func handedIn() throws(SecretSourceError) -> Token? {
    let (name, now) = (ChildVariable.token, clock.now())
    guard !isAccountNamed, CallEnvironment.isSet(name) else { return nil }
    let secret = try SecretSource.variable(name).readToken(clock)
    let left = WebToken(secret)?.secondsLeft(at: now.wall / 1000) ?? Lifetime.unknown
    guard left > 0 else { return nil }
    // A year is as good as more.
    let seconds = min(left, Lifetime.allowed.upperBound)
    return Token(
      secret: secret, account: name, expiry: now.later(seconds * 1000),
      lifetime: seconds)
  }

  /// A valid token: the one that is handed in, else the account's.
  func validToken(for request: TokenRequest) throws -> Token {
    // Not before ``handedIn()``: seen from there, the token would live longer than it was issued for.
    if !request.mustBeNew, let token = try handedIn(), request.canBeMet(by: token),
      case let now = clock.now(), request.need(of: token, since: now, at: now) < .required
    {
      return token
    }
    do {
      return try renewal.token(for: request, until: deadline)
    } catch {
      if !request.mustBeNew, !isAccountNamed, CallEnvironment.isSet(ChildVariable.token) {
        Console.warning("the token in METI_TOKEN has expired, or expires too soon")
      }
      throw error
    }
  }
}
