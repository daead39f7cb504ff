import FoundationEssentials
import MetiToken

/// A JWT (RFC 7519), as far as it says how long it lives and whose it is. Nothing of it is verified:
/// whoever could forge it could as well have sent another `expires_in`, and what it says of its owner
/// is shown to users, and decides nothing.
public enum WebToken {
  /// Whole seconds from `iat` to `exp` of the payload; `nil` if the token is no JWT in compact form,
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

  /// Whole seconds since 1970 of `exp`; `nil` if the token is no JWT or does not say.
  public static func expiry(_ token: borrowing Secret) -> Int64? {
    struct Expiry: Decodable { let exp: Double }
    guard let payload = payload(token) else { return nil }
    let claims = payload.withData { data in try? JSONDecoder().decode(Expiry.self, from: data) }
    return claims.flatMap { Int64(exactly: $0.exp.rounded(.down)) }
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
      return decoded(bytes.extracting((dots[0] + 1)..<dots[1]))
    }
  }

  /// RFC 4648, 5, without padding, as RFC 7515, 2 has it. `Data` and `String` are not wiped; what they
  /// hold says whose token it is, and not the token.
  private static func decoded(_ text: RawSpan) -> Secret? {
    guard var base64 = text.text, !base64.utf8.contains(where: { "+/=\r\n".utf8.contains($0) })
    else { return nil }
    base64 = String(
      base64.map { $0 == "-" ? "+" : $0 == "_" ? "/" : $0 })
    base64 += String(repeating: "=", count: (4 - base64.utf8.count % 4) % 4)
    guard let data = Data(base64Encoded: base64) else { return nil }
    return Secret(copying: data.bytes)
  }
}
