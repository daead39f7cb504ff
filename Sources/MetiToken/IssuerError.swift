/// Why no token was issued; the case says what the caller does next.
public enum IssuerError: Error, Equatable {
  /// METI itself rejects the credential. The same one is not sent again.
  case rejected(Answer)
  /// Trouble that may pass: the network, a proxy, 429, 5xx, a page that is not METI's. Retry later.
  case unavailable(Unavailable)
  /// The caller's time ran out before METI answered. That says nothing about METI.
  case outOfTime(reason: String, detail: String = "")
  /// A whole answer came and is unusable: no JSON, no token, a redirect, too large.
  case unusable(reason: String)

  public struct Answer: Equatable, Sendable {
    /// The HTTP status, e.g. 401.
    public let status: Int
    /// The error code of RFC 6749 5.2 in words, if there was one.
    public let reason: String?
    /// Whether it says nothing about the credential: a 403, or an object with only `message`.
    public let isAmbiguous: Bool

    public init(status: Int, reason: String? = nil, isAmbiguous: Bool = false) {
      self.status = status
      self.reason = reason
      self.isAmbiguous = isAmbiguous
    }
  }

  public struct Unavailable: Equatable, Sendable {
    public let reason: String
    /// What C said, for `--verbose`.
    public let detail: String
    /// Seconds the server asked to wait (Retry-After, RFC 9110, 10.2.3).
    public let retryAfter: Int64?
    /// Whether a retry within this call may help; an untrusted certificate stays untrusted.
    public let isTransient: Bool

    public init(
      reason: String, detail: String = "", retryAfter: Int64? = nil, isTransient: Bool = true
    ) {
      self.reason = reason
      self.detail = detail
      self.retryAfter = retryAfter
      self.isTransient = isTransient
    }
  }
}
