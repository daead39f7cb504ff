import MetiToken

extension Answer {
  /// The token, where this is one.
  ///
  /// - Parameters:
  ///   - status: the HTTP status (RFC 9110, 15).
  ///   - now: the wall clock, in seconds since 1970.
  func token(status: Int, now: Int64) throws(IssuerError) -> IssuedToken {
    switch status {
    case 200..<300:
      return try TokenResponse.parse(body)
    case 300..<400:
      throw .unusable(
        reason: "METI answered with a redirect (\(status)); no credentials are sent after it")
    case 400, 401, 403, 422:
      throw .rejected(
        IssuerError.Answer(status: status, reason: TokenResponse.refusal(body)))
    case 429:
      throw unavailable("METI gets too many requests and asks to wait (\(status))", now: now)
    case 408, 425:
      throw unavailable("METI did not take the request (\(status))", now: now)
    case 500..<600:
      throw unavailable("METI is in trouble (\(status))", now: now)
    case 404, 405, 410:
      throw .unusable(reason: "METI has no token endpoint at this URL (\(status))")
    default:
      throw .unusable(reason: "METI's answer makes no sense here (\(status))")
    }
  }

  private func unavailable(_ reason: String, now: Int64) -> IssuerError {
    let wait = retryAfter.flatMap { RetryAfter.seconds($0, date: date, now: now) }
    return .unavailable(IssuerError.Unavailable(reason: reason, retryAfter: wait))
  }
}

extension Answer.Excess {
  /// Why the answer was not read to its end.
  var error: IssuerError {
    switch self {
    case .body: .unusable(reason: "METI's answer is larger than \(Answer.longestBody / 1024) KiB")
    case .headers:
      .unusable(
        reason: "the headers in METI's answer are larger than \(Answer.longestHeaders / 1024) KiB")
    }
  }
}
