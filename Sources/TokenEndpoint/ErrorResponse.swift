import MetiToken

/// A JSON object that says why there is no token: `{"error": "…"}` (RFC 6749, 5.2), or another.
struct ErrorResponse {
  private let code: String?
  /// Whether it has at most a `message`, as an API gateway's answer.
  let hasOnlyMessage: Bool

  /// `nil` if `body` is no JSON object.
  init?(_ body: borrowing Secret) {
    guard let members = body.members else { return nil }
    code = members["error"]?.text
    hasOnlyMessage = members.keys.allSatisfy { $0 == "message" }
  }

  /// Whether the code means that the same request may succeed later, whatever the status is.
  var isTemporary: Bool {
    [
      "temporarily_unavailable", "server_error", "slow_down", "too_many_attempts",
      "internal_failure",
    ].contains(code)
  }

  /// The code in words of ours; `nil` for an unknown one. The server's own text is never shown.
  var reason: String? {
    switch code {
    case "invalid_request": "the request is malformed"
    case "invalid_client": "the client is unknown, or its secret is wrong"
    case "invalid_grant": "the credentials are wrong or no longer valid"
    case "unauthorized_client": "the client may not request tokens in this way"
    case "unsupported_grant_type": "this kind of grant is not supported"
    case "invalid_scope": "the scope is unknown, or not allowed for this client"
    // Not in RFC 6749, 5.2, but what Auth0 answers (METI's second generation).
    case "access_denied": "access is denied"
    default: nil
    }
  }
}
