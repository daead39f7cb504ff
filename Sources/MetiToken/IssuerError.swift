/// Why no token was issued; the case says what the caller does next.
public enum IssuerError: Error, Equatable {
  /// METI refuses the credential. Nobody asks again with the same one.
  case refused(Refusal)
  /// Trouble that may pass: the network, 429, 5xx. Asking again later makes sense.
  case unavailable(Unavailable)
  /// The caller's time ran out before METI had answered, or before it could be asked. That says
  /// nothing of METI, nor to those who have more time.
  case outOfTime(reason: String, detail: String = "")
  /// An answer came and cannot be used: no JSON, no token, a redirect, too large.
  case unusable(reason: String)

  public struct Refusal: Equatable, Sendable {
    /// The HTTP status, e.g. 401.
    public let status: Int
    /// RFC 6749 5.2's error code in words, where there was one.
    public let reason: String?

    public init(status: Int, reason: String? = nil) {
      self.status = status
      self.reason = reason
    }
  }

  public struct Unavailable: Equatable, Sendable {
    public let reason: String
    /// What C said, for `--verbose`.
    public let detail: String
    /// Seconds the server asked to wait (Retry-After, RFC 9110, 10.2.3).
    public let retryAfter: Int64?
    /// Whether trying again within this call may help; a certificate that is refused stays so.
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
