/// Why no token was issued; the case says what the caller does next. A `detail` is what C said, for
/// `--verbose`.
public enum IssuerError: Error, Equatable {
  /// METI itself rejects the credential, which is not sent again. The reason is the error code of RFC
  /// 6749, 5.2 in words. An ambiguous answer says nothing about the credential: a 403, or an object
  /// with only `message`.
  case rejected(status: Int, reason: String? = nil, isAmbiguous: Bool = false)
  /// Trouble that may pass: the network, a proxy, 429, 5xx, a page that is not METI's. Retry later.
  case unavailable(Unavailable)
  /// The caller's time ran out before METI answered. That says nothing about METI.
  case outOfTime(reason: String, detail: String = "")
  /// A whole answer came and is unusable: no JSON, no token, a redirect, too large.
  case unusable(reason: String)

  public struct Unavailable: Equatable, Sendable {
    public let reason: String
    public var detail = ""
    /// Seconds the server asked to wait (Retry-After, RFC 9110, 10.2.3).
    public var retryAfter: Int64?
    /// Whether a retry within this call may help; an untrusted certificate stays untrusted.
    public var isTransient = true
  }

  public static func unavailable(
    _ reason: String, detail: String = "", retryAfter: Int64? = nil, isTransient: Bool = true
  ) -> IssuerError {
    .unavailable(
      Unavailable(
        reason: reason, detail: detail, retryAfter: retryAfter, isTransient: isTransient))
  }
}
