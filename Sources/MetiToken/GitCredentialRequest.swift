/// What git or another caller asks about: the attributes of gitcredentials(7) and
/// git-credential(1) that decide who is answered and how.
///
/// Values are bytes, compared as bytes. Attributes this helper has no use for (`wwwauth[]`,
/// `state[]`, and whatever is invented next) are read past.
public struct GitCredentialRequest: ~Copyable, Sendable {
  public let `protocol`: [UInt8]?
  /// The host as it was sent, with its port if there was one. Ask `CredentialHost` whose it is.
  public let host: [UInt8]?
  public let path: [UInt8]?
  public let username: [UInt8]?
  public let authtype: [UInt8]?
  public let password: CallerSecret?
  public let credential: CallerSecret?
  /// Whether the caller understands `authtype` and `credential` (git 2.46 and later).
  public let hasAuthtypeCapability: Bool

  /// Reads `key=value` lines up to a blank line or the end of `bytes`; nothing after the blank
  /// line counts.
  ///
  /// A secret in `bytes` is the caller's to wipe.
  public init(_ bytes: Span<UInt8>) throws(Malformed) {
    var attributes = GitCredentialAttributes()
    var start = 0
    while start < bytes.count {
      // At 0x0A only: every other line break of Unicode is part of a value (CVE-2024-50338).
      let lineFeed = bytes.firstIndex(of: ASCII.lineFeed, from: start)
      let next = lineFeed.map { $0 + 1 } ?? bytes.count
      guard next - start <= RequestLimits.line else { throw .lineTooLong }
      guard next <= RequestLimits.request else { throw .tooLarge }

      var line = bytes.extracting(start..<(lineFeed ?? next))
      if !line.isEmpty, line[line.count - 1] == ASCII.carriageReturn {
        line = line.extracting(droppingLast: 1)
      }
      if line.isEmpty { break }
      try attributes.read(line: line)
      start = next
    }
    self.init(attributes)
  }

  private init(_ attributes: consuming GitCredentialAttributes) {
    `protocol` = attributes.protocol
    host = attributes.host
    path = attributes.path
    username = attributes.username
    authtype = attributes.authtype
    hasAuthtypeCapability = attributes.hasAuthtypeCapability
    password = attributes.password
    credential = attributes.credential
  }

  /// Whether the request is about `host`; never without a protocol and a host (CVE-2020-11008).
  public func isFor(_ host: CredentialHost) -> Bool {
    guard let `protocol`, let named = self.host else { return false }
    return host.matches(protocol: `protocol`.span, host: named.span)
  }

  /// Whether the request leaves the username open or names exactly `username`, byte for byte.
  public func allows(username: Span<UInt8>) -> Bool {
    guard let named = self.username else { return true }
    return named.span.isSame(as: username)
  }

  /// Whether an `erase` with this request means the stored `token`: no secret came with it, or
  /// exactly that token did, as `password` or as `credential`.
  ///
  /// False for any other secret, which is another helper's or an older token, and without a
  /// protocol or a host. Ask `isFor` and `allows(username:)` as well. The secrets are compared in
  /// constant time.
  public func asksToForget(_ token: Span<UInt8>) -> Bool {
    guard `protocol` != nil, host != nil else { return false }
    let asPassword = Self.compare(password, token)
    let asCredential = Self.compare(credential, token)
    if asPassword == nil && asCredential == nil { return true }
    return asPassword == true || asCredential == true
  }

  private static func compare(_ secret: borrowing CallerSecret?, _ token: Span<UInt8>) -> Bool? {
    switch secret {
    case .some(let secret): secret.equals(token)
    case nil: nil
    }
  }
}

extension GitCredentialRequest {
  /// Why a request is refused. No case carries any of the input, which must not reach a terminal
  /// (CVE-2024-50349).
  public enum Malformed: Error, Equatable, CaseIterable, CustomStringConvertible {
    /// A line with its line feed is longer than `RequestLimits.line`.
    case lineTooLong
    /// The request is longer than `RequestLimits.request`.
    case tooLarge
    /// A line has no `=`.
    case noEqualsSign
    /// A line begins with `=`.
    case emptyKey
    /// A carriage return stands elsewhere than at the end of a line.
    case carriageReturn
    /// A line holds a NUL byte.
    case nul
    /// A single-valued key came twice with different values, or `url` disagrees with its parts.
    case contradiction
    /// The value of `url` has no protocol, or hides a line break or NUL in an escape.
    case unusableURL

    public var description: String {
      switch self {
      case .lineTooLong: "a line of the credential request is too long"
      case .tooLarge: "the credential request is too large"
      case .noEqualsSign: "a line of the credential request has no ="
      case .emptyKey: "a line of the credential request has no key"
      case .carriageReturn: "the credential request has a carriage return inside a line"
      case .nul: "the credential request has a NUL byte"
      case .contradiction: "the credential request contradicts itself"
      case .unusableURL: "the credential request has an unusable url"
      }
    }
  }
}
