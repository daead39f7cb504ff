import MetiToken

extension HTTPResponse {
  /// The token, if this whole answer to a request for one brings it.
  ///
  /// METI rejects a credential when it says so itself: 400, 401, 403 or 422 with a JSON object, or 401
  /// with an empty body. A page of another server is trouble that may pass.
  func token() throws(IssuerError) -> IssuedToken {
    switch status {
    case 200..<300: return try success()
    case 300..<400:
      throw .unusable(
        reason: "METI answered with a redirect (HTTP \(status)), which is not followed")
    case 429: throw unavailable("METI receives too many requests")
    case 408, 425: throw unavailable("METI did not accept the request")
    case 500..<600: throw unavailable("METI is in trouble")
    case 400..<500: throw failure()
    default: throw .unusable(reason: "METI sent an unexpected answer (HTTP \(status))")
    }
  }

  private func success() throws(IssuerError) -> IssuedToken {
    if isTooLong {
      throw .unusable(reason: "METI's answer is larger than \(HTTPResponse.longest / 1024) KiB")
    }
    let (first, last) = body.edges
    // Without a length, a lost connection looks like the end of the answer.
    let hasLength = headers["content-length"] != nil || headers["transfer-encoding"] != nil
    if first == nil && !hasLength || first == UInt8(ascii: "{") && last != UInt8(ascii: "}") {
      throw .unavailable("METI's answer is cut off")
    }
    do {
      return try TokenResponse.parse(body, date: date)
    } catch {
      guard ErrorResponse(body)?.isTemporary == true else { throw error }
      throw unavailable("METI asks to try again later")
    }
  }

  private func failure() -> IssuerError {
    let error = ErrorResponse(body)
    if headers["retry-after"] != nil || error?.isTemporary == true {
      return unavailable("METI asks to try again later")
    }
    if [404, 405, 410].contains(status) {
      return .unusable(reason: "METI has no token endpoint at this URL (HTTP \(status))")
    }
    let mayReject = [400, 401, 403, 422].contains(status)
    if mayReject, let error {
      let isAmbiguous = status == 403 || error.hasOnlyMessage
      return .rejected(status: status, reason: error.reason, isAmbiguous: isAmbiguous)
    }
    if status == 401, body.isEmpty { return .rejected(status: status) }
    if mayReject || error == nil && !body.isEmpty {
      return unavailable("the answer is not METI's, but a page of another server")
    }
    return .unusable(reason: "METI sent an unexpected answer (HTTP \(status))")
  }

  private func unavailable(_ reason: String) -> IssuerError {
    .unavailable("\(reason) (HTTP \(status))", retryAfter: pause)
  }

  /// Seconds to wait: Retry-After (RFC 9110, 10.2.3), or what Auth0 and others send with 429.
  ///
  /// CURLINFO_RETRY_AFTER would count a date from this machine's clock, and know no fractions.
  private var pause: Int64? {
    // What asks for more than a year means long as well.
    let longest = 366.0 * 86400
    let start = Double(date ?? now)
    var seconds: Double?
    if let value = headers["retry-after"] {
      seconds = Self.number(value) ?? library.date(value).map { Double($0) - start }
    } else if status == 429 {
      // Seconds to wait, or seconds since 1970.
      let reset = headers["x-ratelimit-reset"].flatMap(Self.number)
      seconds = reset.map { $0 > longest ? $0 - start : $0 }
    }
    guard let seconds, seconds > 0 else { return nil }
    return Int64(min(seconds.rounded(.up), longest))
  }

  private static func number(_ text: String) -> Double? {
    text.utf8.allSatisfy("0123456789.".utf8.contains) ? Double(text) : nil
  }
}
