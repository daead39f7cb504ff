import MetiToken

@testable import TokenEndpoint

/// An issued token as a value that can be compared and printed; these tokens are no secrets.
struct Issued: Equatable {
  var token: String
  var lifetime: Int64
}

/// What becomes of a 200 with this body.
func reading(_ body: String) -> Result<Issued, IssuerError> {
  do throws(IssuerError) {
    let issued = try TokenResponse.parse(Secret(copying: body), date: nil)
    return .success(Issued(token: text(issued.secret), lifetime: issued.lifetime))
  } catch {
    return .failure(error)
  }
}

/// The reason why a 200 with this body is not usable; empty where it is.
func flaw(_ body: String) -> String {
  guard case .failure(.unusable(let reason)) = reading(body) else { return "" }
  return reason
}

func text(_ secret: borrowing Secret) -> String {
  secret.withBytes { bytes in
    unsafe bytes.withUnsafeBytes { unsafe String(decoding: $0, as: UTF8.self) }
  }
}

/// A token in the form of a JWT with this payload.
func webToken(_ payload: String) -> String {
  let digits = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".utf8)
  var encoded: [UInt8] = []
  var (bits, count) = (UInt32(0), 0)
  for byte in payload.utf8 {
    (bits, count) = (bits << 8 | UInt32(byte), count + 8)
    while count >= 6 {
      count -= 6
      encoded.append(digits[Int(bits >> UInt32(count)) & 63])
    }
  }
  if count > 0 { encoded.append(digits[Int(bits << UInt32(6 - count)) & 63]) }
  return "eyJhbGciOiJSUzI1NiJ9.\(String(decoding: encoded, as: UTF8.self)).c2ln"
}
