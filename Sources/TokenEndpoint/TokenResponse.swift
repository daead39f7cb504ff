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
  /// - Throws: ``MetiToken/IssuerError/unusable(reason:)``, which quotes nothing of the body.
  static func parse(_ body: borrowing Secret) throws(IssuerError) -> IssuedToken {
    if let reason = flaw(body) { throw .unusable(reason: reason) }
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
    return IssuedToken(secret: secret, lifetime: lifetime)
  }

  /// The error code of RFC 6749, 5.2 in words of ours, from the body of a refusal; `nil` where
  /// there is none, or none that is known. The server's own text is never passed on.
  static func refusal(_ body: borrowing Secret) -> String? {
    struct Body: Decodable { let error: String }
    let code = body.withData { data in try? JSONDecoder().decode(Body.self, from: data).error }
    switch code {
    case "invalid_request": return "it finds the request malformed"
    case "invalid_client": return "the client is unknown, or its secret is wrong"
    case "invalid_grant": return "the credentials are wrong or no longer valid"
    case "unauthorized_client": return "the client may not ask for tokens in this way"
    case "unsupported_grant_type": return "it does not offer this kind of grant"
    case "invalid_scope": return "the scope is unknown, or not this client's to ask for"
    // Not in RFC 6749, 5.2, but what Auth0 answers (METI's second generation).
    case "access_denied": return "access is denied"
    default: return nil
    }
  }

  /// What can be told from the first and the last byte, and tells people more than a parser would.
  private static func flaw(_ body: borrowing Secret) -> String? {
    body.withBytes { bytes in
      var (start, end) = (0, bytes.byteCount)
      while start < end, isSpace(bytes.byte(at: start)) { start += 1 }
      while end > start, isSpace(bytes.byte(at: end - 1)) { end -= 1 }
      guard start < end else { return "METI's answer is empty" }
      switch bytes.byte(at: start) {
      case UInt8(ascii: "{"):
        let isWhole = bytes.byte(at: end - 1) == UInt8(ascii: "}")
        return isWhole ? nil : "METI's answer is cut off: its JSON does not end"
      case UInt8(ascii: "<"):
        return "METI answered with HTML instead of JSON, as a captive portal or a login page would"
      default:
        return "METI's answer is not a JSON object"
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
  /// The bytes as `Data`, not copied, for as long as `body` runs, which must not keep it.
  func withData<Result>(_ body: (Data) throws -> Result) rethrows -> Result {
    try withBytes { bytes in
      try unsafe bytes.withUnsafeBytes { buffer in
        guard let start = buffer.baseAddress, buffer.count > 0 else { return try body(Data()) }
        let mutable = unsafe UnsafeMutableRawPointer(mutating: start)
        return try unsafe body(
          Data(bytesNoCopy: mutable, count: buffer.count, deallocator: .none))
      }
    }
  }
}
