import MetiToken

/// The times of an answer that libcurl reads (curl_getdate(3), CURLINFO_RETRY_AFTER(3)).
struct ResponseTimes {
  /// Seconds that Retry-After asks to wait; 0 if it says nothing that libcurl understands.
  var retryAfter: Int64 = 0
  /// The Date header, in seconds since 1970.
  var date: Int64?
  /// The wall clock, in seconds since 1970.
  var now: Int64
}

extension HTTPResponse {
  /// The token, if this is one.
  ///
  /// METI rejects a credential when it says so itself: 400, 401, 403 or 422 with a JSON object, or 401
  /// with an empty body. Everything else between this program and METI is trouble that may pass.
  /// - Parameter status: the HTTP status (RFC 9110, 15).
  func token(status: Int, _ times: ResponseTimes) throws(IssuerError) -> IssuedToken {
    guard hasWholeHeaders else { throw unavailable("the connection to METI was lost", times) }
    switch status {
    case 200..<300: return try TokenResponse.parse(body, date: times.date)
    case 300..<400:
      throw .unusable(
        reason: "METI answered with a redirect (\(status)); no credentials are sent after it")
    case 429: throw unavailable("METI receives too many requests (\(status))", times)
    case 408, 425: throw unavailable("METI did not accept the request (\(status))", times)
    case 500..<600: throw unavailable("METI is in trouble (\(status))", times)
    default: break
    }
    let error = TokenResponse.error(body)
    if retryAfter != nil || error?.isTemporary == true {
      throw unavailable("METI asks to try again later (\(status))", times)
    }
    switch status {
    case 400, 401, 403, 422:
      if let error {
        throw .rejected(
          IssuerError.Answer(
            status: status, reason: error.reason,
            isAmbiguous: status == 403 || error.hasOnlyMessage))
      }
      if status == 401, body.isEmpty { throw .rejected(IssuerError.Answer(status: status)) }
      throw unavailable("the answer is not METI's, but a page of another server (\(status))", times)
    case 404, 405, 410:
      throw .unusable(reason: "METI has no token endpoint at this URL (\(status))")
    default:
      throw .unusable(reason: "METI sent an unexpected answer (\(status))")
    }
  }

  private func unavailable(_ reason: String, _ times: ResponseTimes) -> IssuerError {
    .unavailable(IssuerError.Unavailable(reason: reason, retryAfter: wait(times)))
  }

  /// Seconds. A number that is too large for libcurl means long, not nothing.
  private func wait(_ times: ResponseTimes) -> Int64? {
    if times.retryAfter > 0 { return times.retryAfter }
    if let retryAfter, retryAfter.utf8.count > 9,
      retryAfter.utf8.allSatisfy({ $0 >= 0x30 && $0 < 0x3A })
    {
      return BackOff.longest
    }
    guard retryAfter == nil, let reset = rateLimitReset.flatMap(Int64.init) else { return nil }
    // Auth0 and others: seconds since 1970, or seconds to wait.
    let wait = reset > 1_000_000_000 ? reset - (times.date ?? times.now) : reset
    return wait > 0 ? wait : nil
  }
}

extension HTTPResponse.Excess {
  /// Why the answer was not read to its end.
  var error: IssuerError {
    switch self {
    case .body:
      .unusable(reason: "METI's answer is larger than \(HTTPResponse.longestBody / 1024) KiB")
    case .headers:
      .unusable(
        reason:
          "the headers in METI's answer are larger than \(HTTPResponse.longestHeaders / 1024) KiB")
    }
  }
}
