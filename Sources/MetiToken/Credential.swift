/// What METI issues a token for: the account with its long-lived secret.
public struct Credential: ~Copyable, Sendable {
  public let account: Account
  public let grant: Grant
  /// The password, or the client secret.
  public let secret: Secret
  /// That METI rejected this very secret; `login` stores a credential without it.
  public let rejection: Rejection?
  /// Tells this credential from its successor, and from those of other sources, if the store cannot
  /// hold ``rejection``: where it comes from, and ``Secret/fingerprint(in:)``.
  public let fingerprint: String

  /// The fingerprint of what the keyring holds: there `login` ends a rejection.
  public static let keyringFingerprint = "keyring"

  public init(
    account: Account, grant: Grant = .password, secret: consuming Secret,
    rejection: Rejection? = nil, fingerprint: String = Self.keyringFingerprint
  ) {
    self.account = account
    self.grant = grant
    self.secret = secret
    self.rejection = rejection
    self.fingerprint = fingerprint
  }

  /// How the secret is exchanged for a token.
  public enum Grant: Equatable, Sendable {
    /// METI's first generation: e-mail and password, `POST <api>/token`.
    case password
    /// The second generation: OAuth 2.0 client credentials (RFC 6749, 4.4) at `tokenURL`.
    case clientCredentials(tokenURL: TokenURL, audience: String, scope: String?)
  }

  /// The longest password or client secret, in bytes: every provider holds this much.
  public static let longestSecret = 8 * 1024

  /// Whether `bytes` can be a password at all: UTF-8 without a byte order mark, NUL, CR or LF, 1 to
  /// 8,192 bytes.
  public static func isLegalSecret(_ bytes: RawSpan) -> Bool {
    guard bytes.byteCount > 0, bytes.byteCount <= longestSecret else { return false }
    let isLine = [0x00, 0x0A, 0x0D].allSatisfy { bytes.firstIndex(of: $0) == nil }
    return isLine && bytes.text != nil && !bytes.hasByteOrderMark
  }

  /// The same credential, marked as rejected.
  public func rejected(_ rejection: Rejection) -> Credential {
    Credential(
      account: account, grant: grant, secret: secret.duplicate(), rejection: rejection,
      fingerprint: fingerprint)
  }

  /// The stored form (see ``StoredBody``).
  public func stored() -> Secret {
    var parts: (url: String?, audience: String?, scope: String?)
    if case .clientCredentials(let url, let audience, let scope) = grant {
      parts = (url.text, audience, scope)
    }
    return StoredBody.pack(
      secret,
      [
        "grant": grant == .password ? "password" : "client_credentials", "token_url": parts.url,
        "audience": parts.audience, "scope": parts.scope,
        "rejected_on": rejection.map { String($0.on) },
        "rejections": rejection?.ambiguousCount.map { String($0) },
      ])
  }

  /// Reads the stored form; `nil` if it is damaged.
  public init?(stored: consuming Secret, account: Account) {
    guard let body = StoredBody(stored) else { return nil }
    let grant: Grant
    switch body.text("grant") {
    // A GNOME keyring with an empty password keeps the first line alone. A client's secret must not be
    // taken for a password.
    case nil where !account.name.contains("@"): return nil
    case "password", nil: grant = .password
    case "client_credentials":
      guard let audience = body.text("audience"),
        let tokenURL = try? body.text("token_url").map({ try TokenURL($0) })
      else { return nil }
      grant = .clientCredentials(
        tokenURL: tokenURL, audience: audience, scope: body.text("scope"))
    default: return nil
    }
    guard body.secret.withBytes({ Self.isLegalSecret($0) }) else { return nil }
    let count = body.number("rejections")
    let rejection = body.number("rejected_on").map { Rejection(on: $0, ambiguousCount: count) }
    self.init(account: account, grant: grant, secret: body.secret, rejection: rejection)
  }
}
