/// What the helper writes to a caller of the EngFlow credential-helper spec.
public enum EngFlowAnswer {
  /// `{"headers":{"Authorization":["Bearer TOKEN"]},"expires":"2026-11-23T17:00:00Z"}`, with
  /// nothing before or after.
  ///
  /// The array holds the token and is the caller's to wipe. It is filled without growing, so no
  /// other copy is left behind.
  ///
  /// - Parameter expiry: When the token runs out, in seconds since 1970.
  /// - Throws: `UnwritableValue` for a token that is no bearer token or an expiry RFC 3339 cannot
  ///   say.
  public static func get(
    token: Span<UInt8>, expiry: Int64
  ) throws(UnwritableValue) -> [UInt8] {
    guard !token.isEmpty else { throw .emptyToken }
    guard isBearerToken(token) else { throw .notABearerToken }
    guard expiry >= 0, let expires = try? RFC3339.utc(epochSeconds: expiry)
    else { throw .expiryOutOfRange }

    var answer: [UInt8] = []
    answer.reserveCapacity(token.count + 80)
    answer.append(contentsOf: "{\"headers\":{\"Authorization\":[\"Bearer ".utf8)
    for index in token.indices { answer.append(token[index]) }
    answer.append(contentsOf: "\"]},\"expires\":\"\(expires)\"}".utf8)
    return answer
  }

  /// Whether `token` is a `b64token` (RFC 6750, section 2.1), of which no byte needs an escape in
  /// JSON.
  private static func isBearerToken(_ token: Span<UInt8>) -> Bool {
    var end = token.count
    while end > 0, token[end - 1] == ASCII.equals { end -= 1 }
    guard end > 0 else { return false }
    for index in 0..<end {
      let byte = token[index]
      let isLetter = (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte.lowercased)
      guard isLetter || byte.isDigit || "-._~+/".utf8.contains(byte) else { return false }
    }
    return true
  }
}
