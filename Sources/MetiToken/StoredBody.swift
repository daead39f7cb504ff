/// The body of a stored item: the secret on the first line, then `key=value` lines.
///
/// This is the packing of git-credential-libsecret, readable in Seahorse. Expiry and the like stand
/// here and not in attributes, so that they are replaced in one step with the secret they belong
/// to. Unknown keys and lines without `=` are ignored; of a repeated key the last one counts.
public struct StoredBody: ~Copyable, Sendable {
  public let secret: Secret
  public let fields: [String: String]

  /// The longest body that is read or written: what every provider holds, in bytes, with room for
  /// the longest token.
  public static let longest = 20 * 1024

  /// Reads a body; `nil` when it is empty, too long, or its first line is: an empty secret is what
  /// a killed provider leaves behind, and is as good as none.
  public init?(_ body: borrowing Secret) {
    guard body.count <= Self.longest else { return nil }
    var secret = Secret()
    var fields: [String: String] = [:]
    body.withBytes { bytes in
      var start = 0
      var isFirst = true
      while start < bytes.byteCount {
        var end = start
        while end < bytes.byteCount, bytes.byte(at: end) != UInt8(ascii: "\n") { end += 1 }
        let line = bytes.extracting(start..<end)
        if isFirst {
          secret.append(line)
        } else if let (key, value) = Self.field(line) {
          fields[key] = value
        }
        isFirst = false
        start = end + 1
      }
    }
    guard !secret.isEmpty else { return nil }
    self.secret = secret
    self.fields = fields
  }

  /// Packs `secret` and `fields`. No value here may hold a line feed; account names, URLs and
  /// numbers cannot.
  public static func pack(
    _ secret: borrowing Secret, _ fields: KeyValuePairs<String, String?>
  ) -> Secret {
    var body = secret.duplicate()
    body.append(UInt8(ascii: "\n"))
    for (key, value) in fields {
      guard let value else { continue }
      body.append("\(key)=\(value)\n")
    }
    return body
  }

  private static func field(_ line: RawSpan) -> (key: String, value: String)? {
    var equals = 0
    while equals < line.byteCount, line.byte(at: equals) != UInt8(ascii: "=") { equals += 1 }
    guard equals > 0, equals < line.byteCount else { return nil }
    guard let key = string(line.extracting(..<equals)),
      let value = string(line.extracting((equals + 1)...))
    else { return nil }
    return (key, value)
  }

  private static func string(_ bytes: RawSpan) -> String? {
    unsafe bytes.withUnsafeBytes { unsafe String(validating: $0, as: UTF8.self) }
  }
}

extension Token {
  /// The stored form, for the keyring and for the kernel's key.
  public func stored() -> Secret {
    StoredBody.pack(
      secret,
      [
        "account": account,
        "expires_on": String(expiry.wall / 1000),
        "lifetime": String(lifetime),
        "boot_expiry_ms": String(expiry.boot),
        "boot_id": expiry.bootID,
      ])
  }

  /// Reads the stored form; `nil` when a part is missing or impossible, or the token is not legal.
  public init?(stored: borrowing Secret) {
    guard let body = StoredBody(stored),
      let account = body.fields["account"],
      let expiresOn = body.fields["expires_on"].flatMap(Int64.init),
      let lifetime = body.fields["lifetime"].flatMap(Int64.init),
      let boot = body.fields["boot_expiry_ms"].flatMap(Int64.init),
      let bootID = body.fields["boot_id"],
      Lifetime.allowed.contains(lifetime),
      expiresOn >= 0, expiresOn <= Lifetime.latestExpiry, boot >= 0, boot <= Int64.max / 4,
      body.secret.withBytes({ Token.isLegal($0) })
    else { return nil }
    self.init(
      secret: body.secret.duplicate(), account: account,
      expiry: Expiry(wall: expiresOn * 1000, boot: boot, bootID: bootID), lifetime: lifetime)
  }
}

/// What a token's lifetime may be, in seconds.
public enum Lifetime {
  /// A year is already more than any issuer of bearer tokens should give; what is longer is
  /// taken for a mistake and refused.
  public static let allowed: ClosedRange<Int64> = 1...366 * 86400

  /// Assumed when neither the answer nor the token says: short, so that it cannot hurt for long.
  public static let unknown: Int64 = 300

  /// The last second of the year 9999, the end of what RFC 3339 can write.
  static let latestExpiry: Int64 = 253_402_300_799
}
