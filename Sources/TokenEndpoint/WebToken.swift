import FoundationEssentials
import MetiToken

/// A JWT (RFC 7519), as far as it says how long it lives and whose it is. Nothing of it is verified:
/// whoever could forge it could as well have sent another `expires_in`, and what it says of its owner
/// is for people to read, never to decide by.
public enum WebToken {
  /// Whole seconds from `iat` to `exp` of the payload; `nil` where the token is no JWT in compact form,
  /// does not say, or says something that is not in ``MetiToken/Lifetime/allowed``.
  static func lifetime(_ token: borrowing Secret) -> Int64? {
    guard let payload = payload(token) else { return nil }
    let claims = payload.withData { data in try? JSONDecoder().decode(Claims.self, from: data) }
    guard let claims else { return nil }
    // What is no number, or too large, is no whole number of 64 bits either.
    guard let seconds = Int64(exactly: (claims.exp - claims.iat).rounded(.down)),
      Lifetime.allowed.contains(seconds)
    else { return nil }
    return seconds
  }

  /// Seconds since 1970 UTC, perhaps with a fraction (RFC 7519, 2, NumericDate).
  private struct Claims: Decodable {
    let exp: Double
    let iat: Double
  }

  /// Whose token it says it is; `nil` where it is no JWT in compact form or names nobody.
  public static func owner(_ token: borrowing Secret) -> TokenOwner? {
    guard let payload = payload(token) else { return nil }
    let owner = payload.withData { data in try? JSONDecoder().decode(TokenOwner.self, from: data) }
    return owner == TokenOwner() ? nil : owner
  }

  /// The second of exactly three parts (RFC 7519, 3; RFC 7515, 7.1), decoded.
  private static func payload(_ token: borrowing Secret) -> Secret? {
    token.withBytes { bytes in
      let dots = (0..<bytes.byteCount).filter { bytes.byte(at: $0) == UInt8(ascii: ".") }
      guard dots.count == 2 else { return nil }
      return decodeBase64URL(bytes.extracting((dots[0] + 1)..<dots[1]))
    }
  }

  /// RFC 4648, 5, without padding, as RFC 7515, 2 wants it.
  private static func decodeBase64URL(_ text: RawSpan) -> Secret? {
    guard text.byteCount % 4 != 1 else { return nil }
    var decoded = Secret(capacity: text.byteCount)
    var (bits, count) = (UInt32(0), 0)
    for index in 0..<text.byteCount {
      guard let value = value(text.byte(at: index)) else { return nil }
      bits = bits << 6 | UInt32(value)
      count += 6
      if count >= 8 {
        count -= 8
        decoded.append(UInt8(truncatingIfNeeded: bits >> UInt32(count)))
      }
    }
    return decoded
  }

  private static func value(_ digit: UInt8) -> UInt8? {
    switch digit {
    case UInt8(ascii: "A")...UInt8(ascii: "Z"): digit - UInt8(ascii: "A")
    case UInt8(ascii: "a")...UInt8(ascii: "z"): digit - UInt8(ascii: "a") + 26
    case UInt8(ascii: "0")...UInt8(ascii: "9"): digit - UInt8(ascii: "0") + 52
    case UInt8(ascii: "-"): 62
    case UInt8(ascii: "_"): 63
    default: nil
    }
  }
}
