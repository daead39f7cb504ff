import MetiToken
import System
import TokenEndpoint

/// The token that `METI_TOKEN` hands in, as `exec` sets it: used as it is, without keyring and METI,
/// unless the call names an account.
enum HandedInToken {
  /// What stands for the name of its account, which is not known.
  static let account = ChildVariable.token

  /// `nil` if the variable is unset or empty.
  ///
  /// A JWT lives until its own `exp`. Of another token nothing is known, so it counts as one that has
  /// just been issued.
  static func find(at now: Moment) throws(SecretSourceError) -> Token? {
    let secret = Process.secretVariable(account)
    guard !secret.isEmpty else { return nil }
    guard secret.withBytes({ Token.isLegal($0) }) else {
      throw SecretSourceError(.malformed, source: account, content: "token")
    }
    let left = WebToken.secondsLeft(of: secret, at: now.wall / 1000) ?? Lifetime.unknown
    // A year is as good as more.
    let seconds = min(max(left, 0), Lifetime.allowed.upperBound)
    return Token(
      secret: secret, account: account, expiry: Expiry(lifetime: seconds, from: now),
      lifetime: max(seconds, 1))
  }
}

extension Call {
  /// The token that is handed in to this call, while it lives; `nil` if the call names an account.
  func handedIn() throws(SecretSourceError) -> Token? {
    let now = clock.now()
    guard !isAccountNamed, let token = try HandedInToken.find(at: now),
      !token.expiry.isOver(at: now)
    else { return nil }
    return token
  }

  /// A valid token: the one that is handed in, else the account's.
  func validToken(for request: TokenRequest) throws -> Token {
    let start = clock.now()
    if !request.mustBeNew, let token = try handedIn(), request.canBeMet(by: token),
      request.need(of: token, since: start, at: start) < .required
    {
      return token
    }
    do {
      return try renewal.token(for: request, until: deadline)
    } catch {
      let isSet = !isAccountNamed && CallEnvironment.value(HandedInToken.account) != nil
      if isSet, !request.mustBeNew {
        let isExpired = try handedIn() == nil
        Console.warning(
          "the token in METI_TOKEN "
            + (isExpired ? "has expired" : "is valid for less than --min-validity"))
      }
      throw error
    }
  }
}
