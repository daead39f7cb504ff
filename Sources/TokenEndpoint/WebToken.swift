import FoundationEssentials
import MetiToken

/// A JWT (RFC 7519): its lifetime and its owner. Nothing is verified. A server that forges `exp` could
/// as well send a wrong `expires_in`, and the owner is only shown to users.
public struct WebToken {
  private let claims: [String: JSONScalar]

  /// `nil` if the token is no JWT in compact form: the second of exactly three parts is a JSON object
  /// (RFC 7519, 3; RFC 7515, 7.1). `Data` and `String` are not wiped: they contain the claims, and not
  /// the signature that makes a token.
  public init?(_ token: borrowing Secret) {
    let payload = token.withBytes { bytes -> Data? in
      let dots = (0..<bytes.byteCount).filter { bytes.byte(at: $0) == UInt8(ascii: ".") }
      guard dots.count == 2, let part = bytes.extracting((dots[0] + 1)..<dots[1]).text else {
        return nil
      }
      // RFC 4648, 5, without padding, as RFC 7515, 2 has it.
      let base64 = part.map { $0 == "-" ? "+" : $0 == "_" ? "/" : $0 }
      let padding = String(repeating: "=", count: (4 - base64.count % 4) % 4)
      return Data(base64Encoded: String(base64) + padding)
    }
    guard let claims = payload.flatMap(JSONScalar.members) else { return nil }
    self.claims = claims
  }

  /// Whole seconds from `iat` to `exp`, if they are in ``MetiToken/Lifetime/allowed``.
  var lifetime: Int64? {
    guard let exp = claims["exp"]?.number, let iat = claims["iat"]?.number,
      let seconds = Int64(exactly: (exp - iat).rounded(.down)), Lifetime.allowed.contains(seconds)
    else { return nil }
    return seconds
  }

  /// Whole seconds from `date`, in seconds since 1970, to `exp` (RFC 7519, 4.1.4), not positive after it;
  /// `nil` if the token does not say.
  public func secondsLeft(at date: Int64) -> Int64? {
    claims["exp"]?.number.flatMap { Int64(exactly: ($0 - Double(date)).rounded(.down)) }
  }

  /// Whom the token names: `sub` (RFC 7519, 4.1.2) and METI's own claims, without their namespace; `nil`
  /// if it names nobody. A claim is left out if it is no text of 1 to 256 bytes, or has a terminal
  /// control.
  public var owner: [String: String]? {
    let namespace = "https://api.meti.millpont.com/"
    var owner: [String: String] = [:]
    for name in ["sub", "account_id", "role", "client_name"] {
      guard let text = claims[name == "sub" ? name : namespace + name]?.text,
        (1...256).contains(text.utf8.count),
        !text.unicodeScalars.contains(where: \.isTerminalControl)
      else { continue }
      owner[name] = text
    }
    return owner.isEmpty ? nil : owner
  }
}
