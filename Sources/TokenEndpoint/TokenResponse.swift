import FoundationEssentials
import MetiToken

/// The body of a successful answer: `{"token": "…", "expires_in": 3600}`, or RFC 6749, 5.1.
enum TokenResponse {
  /// Reads the token and its lifetime.
  ///
  /// `token` counts before `access_token`; `expires_in` may be a number, a numeric string or
  /// missing; a fraction of a second is dropped. Without it a JWT's own `exp - iat` counts, else
  /// ``MetiToken/Lifetime/unknown``.
  ///
  /// A JWT's own `exp` cuts the lifetime: an endpoint may hand out a token that is half used up. It is
  /// compared with the answer's Date header, so no clocks need to agree.
  /// - Parameter date: the Date header, in seconds since 1970.
  /// - Throws: ``MetiToken/IssuerError``, which quotes nothing of the body.
  static func parse(_ body: borrowing Secret, date: Int64? = nil) throws(IssuerError) -> IssuedToken
  {
    if let error = flaw(body) { throw error }
    let fields: Fields
    do {
      fields = try body.withData { data in try JSONDecoder().decode(Fields.self, from: data) }
    } catch let flaw as FieldFlaw {
      throw .unusable(reason: flaw.reason)
    } catch {
      throw .unusable(reason: "METI's answer is not JSON, or damaged")
    }
    let secret = Secret(copying: fields.token)
    guard secret.withBytes({ Token.isLegal($0) }) else {
      throw .unusable(
        reason: secret.isEmpty
          ? "the token in METI's answer is empty"
          : secret.count > Token.longest
            ? "the token in METI's answer is longer than \(Token.longest) bytes"
            : "the token in METI's answer has characters that no bearer token may have")
    }
    let lifetime: Int64
    if let seconds = fields.expiresIn {
      lifetime = try self.lifetime(seconds)
    } else {
      lifetime = WebToken.lifetime(secret) ?? Lifetime.unknown
    }
    let left = date.flatMap { date in WebToken.expiry(secret).map { $0 - date } }
    guard (left ?? lifetime) > 0 else {
      throw .unusable(reason: "the token in METI's answer has already expired")
    }
    return IssuedToken(secret: secret, lifetime: min(lifetime, left ?? lifetime))
  }

  /// The JSON object of an answer that is no success; `nil` if the body is none.
  static func error(_ body: borrowing Secret) -> ErrorResponse? {
    body.withData { data in try? JSONDecoder().decode(ErrorResponse.self, from: data) }
  }

  /// What the first and the last byte say, in words that help more than a parser's.
  private static func flaw(_ body: borrowing Secret) -> IssuerError? {
    body.withBytes { bytes in
      var (start, end) = (bytes.hasByteOrderMark ? 3 : 0, bytes.byteCount)
      while start < end, isSpace(bytes.byte(at: start)) { start += 1 }
      while end > start, isSpace(bytes.byte(at: end - 1)) { end -= 1 }
      guard start < end else { return .unusable(reason: "METI's answer is empty") }
      switch bytes.byte(at: start) {
      case UInt8(ascii: "{"):
        // Without Content-Length, a lost connection looks like the end of the answer.
        guard bytes.byte(at: end - 1) != UInt8(ascii: "}") else { return nil }
        return .unavailable(IssuerError.Unavailable(reason: "METI's answer is cut off"))
      case UInt8(ascii: "<"):
        return .unusable(
          reason:
            "METI answered with HTML instead of JSON, as a captive portal or a login page would")
      default:
        return .unusable(reason: "METI's answer is not a JSON object")
      }
    }
  }

  private static func lifetime(_ seconds: Double) throws(IssuerError) -> Int64 {
    guard seconds >= 1 else {
      throw .unusable(reason: "expires_in in METI's answer is less than a second")
    }
    guard seconds < Double(Lifetime.allowed.upperBound + 1) else {
      throw .unusable(reason: "expires_in in METI's answer is longer than a year")
    }
    return Int64(seconds)
  }

  private static func isSpace(_ byte: UInt8) -> Bool {
    byte == 0x20 || byte == 0x09 || byte == 0x0A || byte == 0x0D
  }
}

/// `{"error": "…"}` (RFC 6749, 5.2), or another object.
struct ErrorResponse: Decodable {
  private let code: String?
  /// Whether it has a `message` and no other member, as an API gateway's answer.
  let hasOnlyMessage: Bool

  private struct Key: CodingKey {
    let stringValue: String
    var intValue: Int? { nil }
    init(stringValue: String) { self.stringValue = stringValue }
    init?(intValue: Int) { nil }
  }

  init(from decoder: any Decoder) throws {
    let object = try decoder.container(keyedBy: Key.self)
    code = try? object.decode(String.self, forKey: Key(stringValue: "error"))
    hasOnlyMessage = object.allKeys.map(\.stringValue) == ["message"]
  }

  /// Whether the code means that the same request may succeed later.
  var isTemporary: Bool {
    let codes = [
      "temporarily_unavailable", "server_error", "slow_down", "too_many_attempts",
      "internal_failure",
    ]
    return code.map(codes.contains) ?? false
  }

  /// The code in words of ours; `nil` for an unknown one. The server's own text is never shown.
  var reason: String? {
    switch code {
    case "invalid_request": "it finds the request malformed"
    case "invalid_client": "the client is unknown, or its secret is wrong"
    case "invalid_grant": "the credentials are wrong or no longer valid"
    case "unauthorized_client": "the client may not request tokens in this way"
    case "unsupported_grant_type": "it does not support this kind of grant"
    case "invalid_scope": "the scope is unknown, or not allowed for this client"
    // Not in RFC 6749, 5.2, but what Auth0 answers (METI's second generation).
    case "access_denied": "access is denied"
    default: nil
    }
  }
}

extension RawSpan {
  /// A byte order mark before JSON may be ignored (RFC 8259, 8.1).
  var hasByteOrderMark: Bool {
    byteCount >= 3 && byte(at: 0) == 0xEF && byte(at: 1) == 0xBB && byte(at: 2) == 0xBF
  }
}

/// A member that is not what it should be.
private struct FieldFlaw: Error {
  let reason: String
}

private struct Fields: Decodable {
  /// JSONDecoder gives a `String` or nothing. Neither it nor what the decoder copies inside is
  /// wiped; both are gone when the token has been copied.
  let token: String
  /// Seconds, perhaps with a fraction, of any size and sign; `nil` where the answer does not say.
  let expiresIn: Double?

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
      throw FieldFlaw(reason: "METI's answer has no token")
    }
    do {
      token = try object.decode(String.self, forKey: key)
    } catch DecodingError.typeMismatch {
      throw FieldFlaw(reason: "the token in METI's answer is not a string")
    }
    if try isThere(.tokenType) {
      let type = try? object.decode(String.self, forKey: .tokenType)
      guard let type, type.utf8.map({ $0 | 0x20 }) == Array("bearer".utf8) else {
        throw FieldFlaw(reason: "the token in METI's answer is not a bearer token")
      }
    }
    expiresIn = try isThere(.expiresIn) ? Self.seconds(object) : nil
  }

  private static func seconds(_ object: KeyedDecodingContainer<Key>) throws -> Double {
    if let number = try? object.decode(Double.self, forKey: .expiresIn) { return number }
    let text = try? object.decode(String.self, forKey: .expiresIn)
    // `Double` would also read "nan", "infinity" and "0x10".
    guard let text, text.utf8.allSatisfy("0123456789+-.eE".utf8.contains),
      let number = Double(text)
    else {
      throw FieldFlaw(reason: "expires_in in METI's answer is not a number")
    }
    return number
  }
}

extension Secret {
  /// The bytes as `Data` without a byte order mark, not copied, for as long as `body` runs, which must
  /// not keep it.
  func withData<Result>(_ body: (Data) throws -> Result) rethrows -> Result {
    try withBytes { bytes in
      try unsafe bytes.withUnsafeBytes { buffer in
        guard let start = buffer.baseAddress, buffer.count > 0 else { return try body(Data()) }
        let skipped = bytes.hasByteOrderMark ? 3 : 0
        let mutable = unsafe UnsafeMutableRawPointer(mutating: start + skipped)
        return try unsafe body(
          Data(bytesNoCopy: mutable, count: buffer.count - skipped, deallocator: .none))
      }
    }
  }
}
