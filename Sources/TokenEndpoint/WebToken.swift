import FoundationEssentials
import MetiToken

/// A JWT (RFC 7519): its lifetime and its owner. Nothing is verified. A server that forges `exp` could
/// as well send a wrong `expires_in`, and the owner is only shown to users.
public enum WebToken {
  /// Seconds since 1970 UTC, perhaps with a fraction (RFC 7519, 2, NumericDate).
  struct Claims: Decodable {
    var exp: Double?
    var iat: Double?

    /// Whole seconds from `iat` to `exp`, if they are in ``MetiToken/Lifetime/allowed``.
    var lifetime: Int64? {
      guard let exp, let iat, let seconds = Int64(exactly: (exp - iat).rounded(.down)),
        Lifetime.allowed.contains(seconds)
      else { return nil }
      return seconds
    }

    /// Whole seconds from `date` to `exp`, not positive after it.
    func secondsLeft(at date: Int64) -> Int64? {
      exp.flatMap { Int64(exactly: ($0 - Double(date)).rounded(.down)) }
    }
  }

  /// `nil` if the token is no JWT in compact form.
  static func claims(of token: borrowing Secret) -> Claims? {
    payload(token).flatMap { try? JSONDecoder().decode(Claims.self, from: $0) }
  }

  /// Whole seconds from `date`, in seconds since 1970, to `exp`; `nil` if the token is no JWT in compact
  /// form or has none.
  public static func secondsLeft(of token: borrowing Secret, at date: Int64) -> Int64? {
    claims(of: token)?.secondsLeft(at: date)
  }

  /// Whom the token names: `sub` (RFC 7519, 4.1.2) and METI's own claims, without their namespace; `nil`
  /// if it names nobody. A claim that is no text, or not fit to be shown, is left out.
  public static func owner(_ token: borrowing Secret) -> [String: String]? {
    let claims = payload(token).flatMap { try? JSONDecoder().decode([String: Text].self, from: $0) }
    let namespace = "https://api.meti.millpont.com/"
    var owner = ["sub": claims?["sub"]?.value]
    for name in ["account_id", "role", "client_name"] {
      owner[name] = claims?[namespace + name]?.value
    }
    let known = owner.compactMapValues { $0 }
    return known.isEmpty ? nil : known
  }

  /// A text of 1 to 256 bytes without a terminal control; `nil` for any other value.
  private struct Text: Decodable {
    let value: String?

    init(from decoder: any Decoder) throws {
      let text = try? decoder.singleValueContainer().decode(String.self)
      value = text.flatMap { text in
        let isFit =
          (1...256).contains(text.utf8.count)
          && !text.unicodeScalars.contains(where: \.isTerminalControl)
        return isFit ? text : nil
      }
    }
  }

  /// The second of exactly three parts (RFC 7519, 3; RFC 7515, 7.1), decoded. `Data` and `String` are
  /// not wiped: they contain the claims, and not the signature that makes a token.
  private static func payload(_ token: borrowing Secret) -> Data? {
    token.withBytes { bytes in
      let dots = (0..<bytes.byteCount).filter { bytes.byte(at: $0) == UInt8(ascii: ".") }
      guard dots.count == 2, let part = bytes.extracting((dots[0] + 1)..<dots[1]).text else {
        return nil
      }
      // RFC 4648, 5, without padding, as RFC 7515, 2 has it.
      let base64 = part.map { $0 == "-" ? "+" : $0 == "_" ? "/" : $0 }
      let padding = String(repeating: "=", count: (4 - base64.count % 4) % 4)
      return Data(base64Encoded: String(base64) + padding)
    }
  }
}
