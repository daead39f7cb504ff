import FoundationEssentials
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
    let fields: Fields
    do {
      fields = try body.decoded(as: Fields.self)
    } catch let error as IssuerError {
      throw error
    } catch {
      throw .unusable(reason: flaw(body))
    }
    let secret = Secret(copying: fields.token)
    guard secret.withBytes({ Token.isLegal($0) }) else {
      throw .unusable(reason: "the token in METI's answer is empty, too long or no bearer token")
    }
    let claims = WebToken.claims(of: secret)
    let left = date.flatMap { claims?.secondsLeft(at: $0) }
    guard left ?? 1 > 0 else {
      throw .unusable(reason: "the token in METI's answer has already expired")
    }
    let lifetime = fields.lifetime ?? claims?.lifetime ?? Lifetime.unknown
    return IssuedToken(secret: secret, lifetime: min(lifetime, left ?? lifetime))
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

  /// Whether it is an object without its end.
  static func isUnfinished(_ body: borrowing Secret) -> Bool {
    let edges = body.edges
    return edges.first == UInt8(ascii: "{") && edges.last != UInt8(ascii: "}")
  }
}

private struct Fields: Decodable {
  /// JSONDecoder gives a `String` or nothing. Neither it nor what the decoder copies inside is
  /// wiped; both are gone when the token has been copied.
  let token: String
  /// Whole seconds in ``MetiToken/Lifetime/allowed``; `nil` if the answer does not say.
  let lifetime: Int64?

  private enum Key: String, CodingKey {
    case token
    case accessToken = "access_token"
    case tokenType = "token_type"
    case expiresIn = "expires_in"
  }

  init(from decoder: any Decoder) throws {
    let object = try decoder.container(keyedBy: Key.self)
    func isThere(_ key: Key) throws -> Bool {
      try object.contains(key) && !object.decodeNil(forKey: key)
    }
    guard let key = try [Key.token, .accessToken].first(where: isThere) else {
      throw IssuerError.unusable(reason: "METI's answer has no token")
    }
    token = try object.decode(String.self, forKey: key)
    let type = try? object.decode(String.self, forKey: .tokenType)
    guard try !isThere(.tokenType) || type?.lowercased() == "bearer" else {
      throw IssuerError.unusable(reason: "the token in METI's answer is not a bearer token")
    }
    lifetime = try isThere(.expiresIn) ? Self.lifetime(object) : nil
  }

  private static func lifetime(_ object: KeyedDecodingContainer<Key>) throws -> Int64 {
    let text = try? object.decode(String.self, forKey: .expiresIn)
    // `Double` would also read "nan", "infinity" and "0x10".
    let isPlain = text?.utf8.allSatisfy("0123456789+-.eE".utf8.contains) ?? false
    let number = (try? object.decode(Double.self, forKey: .expiresIn)) ?? text.flatMap(Double.init)
    guard let number, text == nil || isPlain,
      let seconds = Int64(exactly: number.rounded(.down)), Lifetime.allowed.contains(seconds)
    else {
      throw IssuerError.unusable(
        reason: "expires_in in METI's answer is not a number of seconds up to a year")
    }
    return seconds
  }
}
