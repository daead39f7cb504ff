import MetiToken

/// The body of a successful answer: `{"token": "…", "expires_in": 3600}`, or RFC 6749, 5.1.
enum TokenResponse {
  /// Reads the token and its lifetime.
  ///
  /// `token` counts before `access_token`; `expires_in` may be a number, a numeric string or missing;
  /// a fraction of a second is dropped. Without it a JWT's own claims count, else
  /// ``MetiToken/Lifetime/unknown``.
  ///
  /// A JWT's own `exp` cuts the lifetime: an endpoint may hand out a token that is half used up. It is
  /// compared with the answer's Date header, so no clocks need to agree.
  /// - Parameter date: the Date header, in seconds since 1970.
  /// - Throws: `unusable`, which quotes nothing of the body.
  static func parse(
    _ body: borrowing Secret, date: Int64?
  ) throws(IssuerError) -> IssuedToken {
    guard let members = body.members else { throw .unusable(reason: flaw(body)) }
    guard let text = (members["token"] ?? members["access_token"])?.text else {
      throw .unusable(reason: "METI's answer has no token")
    }
    if let type = members["token_type"], type.text?.lowercased() != "bearer" {
      throw .unusable(reason: "the token in METI's answer is not a bearer token")
    }
    let secret = Secret(copying: text)
    guard secret.withBytes({ Token.isLegal($0) }) else {
      throw .unusable(reason: "the token in METI's answer is empty, too long or no bearer token")
    }
    let claims = WebToken(secret)
    let left = date.flatMap { claims?.secondsLeft(at: $0) }
    guard left ?? 1 > 0 else {
      throw .unusable(reason: "the token in METI's answer has already expired")
    }
    let lifetime = try lifetime(members["expires_in"]) ?? claims?.lifetime ?? Lifetime.unknown
    return IssuedToken(secret: secret, lifetime: min(lifetime, left ?? lifetime))
  }

  private static func lifetime(_ value: JSONScalar?) throws(IssuerError) -> Int64? {
    guard let value else { return nil }
    // `Double` would also read "nan", "infinity" and "0x10".
    let text = value.text.flatMap {
      $0.utf8.allSatisfy("0123456789+-.eE".utf8.contains) ? Double($0) : nil
    }
    guard let number = value.number ?? text, let seconds = Int64(exactly: number.rounded(.down)),
      Lifetime.allowed.contains(seconds)
    else {
      throw .unusable(
        reason: "expires_in in METI's answer is not a number of seconds up to a year")
    }
    return seconds
  }

  /// Why the body is no JSON object, in words that help more than a parser's.
  private static func flaw(_ body: borrowing Secret) -> String {
    switch body.edges.first {
    case nil: return "METI's answer is empty"
    case UInt8(ascii: "{"): return "METI's answer is not JSON, or damaged"
    case UInt8(ascii: "<"):
      return "METI answered with HTML instead of JSON, as a captive portal or a login page would"
    default: return "METI's answer is not a JSON object"
    }
  }
}
