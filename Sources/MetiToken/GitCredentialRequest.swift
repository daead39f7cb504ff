/// What git or another caller asks about: the attributes of git-credential(1) that decide who is
/// answered and how.
///
/// Values are bytes, and are compared as bytes. Other attributes (`wwwauth[]`, `state[]`, and those of
/// later versions) are ignored.
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
    let bytes = Span<UInt8>(_bytes: bytes)
    var start = 0
    while start < bytes.count {
      // At 0x0A only: every other line break of Unicode is part of a value (CVE-2024-50338).
      let lineFeed = bytes.firstIndex(of: UInt8(ascii: "\n"), from: start)
      let next = lineFeed.map { $0 + 1 } ?? bytes.count
      guard next - start <= RequestAccumulator.longestLine else { throw .lineTooLong }
      guard next <= RequestAccumulator.longest else { throw .tooLarge }
      var end = lineFeed ?? next
      if end > start, bytes[end - 1] == UInt8(ascii: "\r") { end -= 1 }
      if end == start { break }
      try read(line: bytes.extracting(start..<end))
      start = next
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
    guard let username = values[.username] else { return AccountSelector(api: api, name: nil) }
    guard let name = String(validating: username, as: UTF8.self),
      let account = try? Account(name: name, api: api)
    else { return nil }
    return AccountSelector(account)
  }

  /// Whether an `erase` with this request means the stored `token`: no secret came with it, or
  /// exactly that token did. Any other secret is another helper's, or an older token.
  public func asksToForget(_ token: borrowing Secret) -> Bool {
    guard values[.protocol] != nil, values[.host] != nil else { return false }
    let asPassword = Self.compare(password, token)
    let asCredential = Self.compare(credential, token)
    if asPassword == nil && asCredential == nil { return true }
    return asPassword == true || asCredential == true
  }

  /// Reads a line without its line break.
  private mutating func read(line: Span<UInt8>) throws(MalformedRequest) {
    for index in line.indices {
      if line[index] == 0 { throw .nul }
      if line[index] == UInt8(ascii: "\r") { throw .carriageReturn }
    }
    guard let equals = line.firstIndex(of: UInt8(ascii: "=")) else { throw .noEqualsSign }
    guard equals > 0 else { throw .emptyKey }
    let key = line.extracting(..<equals)
    for known in Key.allCases where key.isSame(as: known.rawValue) {
      try read(known, line.extracting((equals + 1)...))
    }
  }

  private mutating func read(_ key: Key, _ value: Span<UInt8>) throws(MalformedRequest) {
    switch key {
    case .url: try read(url: value)
    case .password: try Self.set(&password, to: value)
    case .credential: try Self.set(&credential, to: value)
    case .capability:
      // A list; an empty value empties it. Of its members only this one matters.
      if value.isEmpty { hasAuthtypeCapability = false }
      if value.isSame(as: "authtype") { hasAuthtypeCapability = true }
    case .protocol, .host, .path, .username, .authtype:
      let value = value.copied()
      guard values[key, default: value] == value else { throw .contradiction }
      values[key] = value
    }
  }

  /// Reads `PROTOCOL://[USERNAME[:PASSWORD]@]HOST[/PATH]`, divided as git's
  /// `credential_from_url_gently` does. The host is not percent-decoded, so `%2E` never becomes a dot.
  private mutating func read(url: Span<UInt8>) throws(MalformedRequest) {
    var colon = 1
    while colon + 2 < url.count, !url.extracting(colon..<(colon + 3)).isSame(as: "://") {
      colon += 1
    }
    guard colon + 2 < url.count, url[0] != UInt8(ascii: ":") else { throw .unusableURL }
    try read(.protocol, url.extracting(..<colon))

    let authority = colon + 3
    var end = authority
    while end < url.count, !"/?#".utf8.contains(url[end]) { end += 1 }
    var host = authority
    if let at = url.firstIndex(of: UInt8(ascii: "@"), from: authority), at < end {
      host = at + 1
      let userinfo = url.extracting(authority..<at)
      let separator = userinfo.firstIndex(of: UInt8(ascii: ":"))
      try read(.username, decoding: userinfo.extracting(..<(separator ?? userinfo.count)))
      if let separator { try read(.password, decoding: userinfo.extracting((separator + 1)...)) }
    }
    try read(.host, url.extracting(host..<end))

    while end < url.count, url[end] == UInt8(ascii: "/") { end += 1 }
    if end < url.count { try read(.path, decoding: url.extracting(end...)) }
  }

  /// Reads a percent-encoded value. Like git, it keeps a malformed escape as it is.
  private mutating func read(_ key: Key, decoding text: Span<UInt8>) throws(MalformedRequest) {
    var decoded = Secret(capacity: text.count)
    var index = 0
    while index < text.count {
      var byte = text[index]
      index += 1
      if byte == UInt8(ascii: "%"), index + 1 < text.count,
        let high = text[index].hexValue, let low = text[index + 1].hexValue
      {
        byte = high << 4 | low
        index += 2
      }
      guard byte != 0x0A, byte != 0x0D, byte != 0 else { throw .unusableURL }
      decoded.append(byte)
    }
    if key == .path { decoded.dropTrailingSlashes() }
    try decoded.withBytes { bytes throws(MalformedRequest) in
      try read(key, Span<UInt8>(_bytes: bytes))
    }
  }

  private static func set(
    _ secret: inout Secret?, to value: Span<UInt8>
  ) throws(MalformedRequest) {
    let value = unsafe Secret(copying: value.bytes)
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

extension Secret {
  /// All but the first byte.
  fileprivate mutating func dropTrailingSlashes() {
    var length = count
    withBytes { bytes in
      while length > 1, bytes.byte(at: length - 1) == UInt8(ascii: "/") { length -= 1 }
    }
    truncate(to: length)
  }
}
