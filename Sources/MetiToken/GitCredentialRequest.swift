/// What git or another caller asks about: the attributes of git-credential(1) that decide who is
/// answered and how. Values are compared as bytes; all other attributes are ignored.
public struct GitCredentialRequest: ~Copyable, Sendable {
  public enum Key: String, CaseIterable, Sendable {
    case `protocol`, host, path, username, authtype, password, credential, url
    case capability = "capability[]"
  }

  public private(set) var password: Secret?
  public private(set) var credential: Secret?
  /// Whether the caller understands `authtype` and `credential` (git 2.46 and later).
  public private(set) var hasAuthtypeCapability = false
  private var values: [Key: [UInt8]] = [:]

  /// Reads `key=value` lines up to a blank line or the end of `bytes`; the caller wipes them.
  public init(_ bytes: RawSpan) throws(MalformedRequest) {
    guard bytes.byteCount <= HelperRequest.longest else { throw .tooLong }
    var start = 0
    while start < bytes.byteCount {
      // At 0x0A only: every other line break of Unicode is part of a value (CVE-2024-50338).
      let end = bytes.firstIndex(of: UInt8(ascii: "\n"), from: start) ?? bytes.byteCount
      guard end - start < HelperRequest.longestLine else { throw .tooLong }
      let line = bytes.line(start..<end)
      if line.isEmpty { break }
      try read(bytes.extracting(line))
      start = end + 1
    }
  }

  /// The value of a key; `nil` for the secrets and for what was not sent.
  public subscript(key: Key) -> [UInt8]? { values[key] }

  /// Whether the request is for `api`; never without a protocol and a host (CVE-2020-11008).
  public func isFor(_ api: APIURL) -> Bool {
    guard let `protocol` = values[.protocol], let host = values[.host] else { return false }
    return api.serves(protocol: `protocol`, host: host)
  }

  /// The account of `api` that the request asks for; `nil` if the request is not for `api`, or its
  /// username cannot be an account's.
  public func selector(at api: APIURL) -> AccountSelector? {
    guard isFor(api) else { return nil }
    guard let username = values[.username] else { return .any(api) }
    let name = String(validating: username, as: UTF8.self)
    return name.flatMap { try? Account(name: $0, api: api) }.map { .named($0) }
  }

  /// Whether an `erase` with this request means the stored `token`: no secret came with it, or
  /// exactly that token did. Any other secret is another helper's, or an older token.
  public func asksToForget(_ token: borrowing Secret) -> Bool {
    guard values[.protocol] != nil, values[.host] != nil else { return false }
    let isToken = [Self.compare(password, token), Self.compare(credential, token)]
    return isToken == [nil, nil] || isToken.contains(true)
  }

  private mutating func read(_ line: RawSpan) throws(MalformedRequest) {
    let bad = [0, UInt8(ascii: "\r")].contains { line.firstIndex(of: $0) != nil }
    guard !bad, let equals = line.firstIndex(of: UInt8(ascii: "=")), equals > 0 else {
      throw .malformedLine
    }
    let name = line.extracting(..<equals)
    for key in Key.allCases where name.isSame(as: key.rawValue) {
      try read(key, line.extracting((equals + 1)...))
    }
  }

  private mutating func read(_ key: Key, _ value: RawSpan) throws(MalformedRequest) {
    switch key {
    case .url: try read(url: value)
    case .password: try Self.set(&password, to: value)
    case .credential: try Self.set(&credential, to: value)
    case .capability:
      // A list; an empty value empties it. Of its members only this one matters.
      if value.isEmpty { hasAuthtypeCapability = false }
      if value.isSame(as: "authtype") { hasAuthtypeCapability = true }
    case .protocol, .host, .path, .username, .authtype:
      let value = (0..<value.byteCount).map { value.byte(at: $0) }
      guard values[key, default: value] == value else { throw .contradiction }
      values[key] = value
    }
  }

  /// Reads `PROTOCOL://[USERNAME[:PASSWORD]@]HOST[/PATH]`, divided as git's
  /// `credential_from_url_gently` does. The host is not percent-decoded, so `%2E` never becomes a dot.
  private mutating func read(url: RawSpan) throws(MalformedRequest) {
    guard let colon = url.firstIndex(of: UInt8(ascii: ":")), colon > 0, colon + 2 < url.byteCount,
      url.extracting(colon..<(colon + 3)).isSame(as: "://")
    else { throw .unusableURL }
    try read(.protocol, url.extracting(..<colon))

    let rest = url.extracting((colon + 3)...)
    let end = (0..<rest.byteCount).first { "/?#".utf8.contains(rest.byte(at: $0)) }
    var path = rest.extracting((end ?? rest.byteCount)...)
    let slash = UInt8(ascii: "/")
    while path.byteCount > 0, path.byte(at: 0) == slash { path = path.extracting(1...) }
    while path.byteCount > 1, path.byte(at: path.byteCount - 1) == slash {
      path = path.extracting(droppingLast: 1)
    }
    if !path.isEmpty { try read(.path, decoding: path) }

    let authority = rest.extracting(..<(end ?? rest.byteCount))
    guard let at = authority.firstIndex(of: UInt8(ascii: "@")) else {
      return try read(.host, authority)
    }
    let userinfo = authority.extracting(..<at)
    let separator = userinfo.firstIndex(of: UInt8(ascii: ":"))
    try read(.username, decoding: userinfo.extracting(..<(separator ?? at)))
    if let separator { try read(.password, decoding: userinfo.extracting((separator + 1)...)) }
    try read(.host, authority.extracting((at + 1)...))
  }

  /// Reads a percent-encoded value. What is no escape stays as it is, as git leaves it.
  private mutating func read(_ key: Key, decoding text: RawSpan) throws(MalformedRequest) {
    var decoded = Secret(capacity: text.byteCount)
    var index = 0
    while index < text.byteCount {
      var byte = text.byte(at: index)
      index += 1
      if byte == UInt8(ascii: "%"), index + 1 < text.byteCount,
        let high = text.byte(at: index).hexValue, let low = text.byte(at: index + 1).hexValue
      {
        byte = high << 4 | low
        index += 2
      }
      guard byte != 0x0A, byte != 0x0D, byte != 0 else { throw .unusableURL }
      decoded.append(byte)
    }
    try decoded.withBytes { bytes throws(MalformedRequest) in try read(key, bytes) }
  }

  private static func set(_ secret: inout Secret?, to value: RawSpan) throws(MalformedRequest) {
    let value = Secret(copying: value)
    guard compare(secret, value) ?? true else { throw .contradiction }
    secret = consume value
  }

  private static func compare(_ secret: borrowing Secret?, _ other: borrowing Secret) -> Bool? {
    switch secret {
    case .some(let secret): secret.equals(other)
    case nil: nil
    }
  }
}
