/// What METI issues a token for: the account with its long-lived secret.
public struct Credential: ~Copyable, Sendable {
  public let account: Account
  public let grant: Grant
  /// The password, or the client secret.
  public let secret: Secret
  /// When METI refused this very secret, in seconds since 1970 UTC. While it is set nobody asks
  /// METI again, so that a cron job cannot lock an account; `login` stores a credential without it.
  public let refusedOn: Int64?
  /// Tells this credential from its successor, and from those of other sources, where the store
  /// cannot keep ``refusedOn``: where it comes from, and when its file was last changed or
  /// ``Secret/mark(in:)``. Printable ASCII without spaces.
  public let mark: String

  /// The mark of what the keyring keeps, where `login` ends a refusal.
  public static let keyringMark = "keyring"

  public init(
    account: Account, grant: Grant = .password, secret: consuming Secret, refusedOn: Int64? = nil,
    mark: String = Self.keyringMark
  ) {
    self.mark = mark
    self.account = account
    self.grant = grant
    self.secret = secret
    self.refusedOn = refusedOn
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

  /// Whether `bytes` can be a password at all: UTF-8 without NUL, CR or LF, 1 to 8,192 bytes.
  public static func isLegalSecret(_ bytes: RawSpan) -> Bool {
    guard bytes.byteCount > 0, bytes.byteCount <= longestSecret else { return false }
    for index in 0..<bytes.byteCount {
      switch bytes.byte(at: index) {
      case 0x00, 0x0A, 0x0D: return false
      default: continue
      }
    }
    return bytes.text != nil
  }

  /// The same credential, marked as refused.
  public func refused(at now: Moment) -> Credential {
    Credential(
      account: account, grant: grant, secret: secret.duplicate(), refusedOn: now.wall / 1000,
      mark: mark)
  }

  /// The stored form (see ``StoredBody``).
  public func stored() -> Secret {
    let refused = refusedOn.map(String.init)
    switch grant {
    case .password:
      return StoredBody.pack(secret, ["grant": "password", "refused_on": refused])
    case .clientCredentials(let tokenURL, let audience, let scope):
      return StoredBody.pack(
        secret,
        [
          "grant": "client_credentials", "token_url": tokenURL.text, "audience": audience,
          "scope": scope, "refused_on": refused,
        ])
    }
  }

  /// Reads the stored form; `nil` when it is damaged.
  public init?(stored: consuming Secret, account: Account) {
    guard let body = StoredBody(stored) else { return nil }
    let grant: Grant
    switch body.text("grant") {
    case nil, "password":
      grant = .password
    case "client_credentials":
      guard let audience = body.text("audience"),
        let tokenURL = try? body.text("token_url").map({ try TokenURL($0) })
      else { return nil }
      grant = .clientCredentials(
        tokenURL: tokenURL, audience: audience, scope: body.text("scope"))
    default:
      return nil
    }
    let refusedOn = body.number("refused_on")
    let secret = body.secret()
    guard secret.withBytes({ Self.isLegalSecret($0) }) else { return nil }
    self.init(account: account, grant: grant, secret: secret, refusedOn: refusedOn)
  }
}
