/// Why no token was issued; the case says what the caller does next. A `detail` is what C said, for
/// `--verbose`.
public enum IssuerError: Error, Equatable {
  /// METI itself rejects the credential, which is not sent again. The reason is the error code of RFC
  /// 6749, 5.2 in words. An ambiguous answer says nothing about the credential: a 403, or an object
  /// with only `message`.
  case rejected(status: Int, reason: String? = nil, isAmbiguous: Bool = false)
  /// Trouble that may pass, with its reason: the network, a proxy, 429, 5xx, a page that is not METI's.
  /// The server may have asked to wait, in seconds (Retry-After, RFC 9110, 10.2.3). If it is not
  /// transient, a retry within this call does not help: an untrusted certificate stays untrusted.
  case unavailable(
    String, detail: String = "", retryAfter: Int64? = nil, isTransient: Bool = true)
  /// The caller's time ran out before METI answered. That says nothing about METI.
  case outOfTime(reason: String, detail: String = "")
  /// A whole answer came and is unusable: no JSON, no token, a redirect, too large.
  case unusable(reason: String)
}
