/// The origin (and optional base path) of a METI API, normalised so that equal means the same API:
/// scheme and host in lower case, the default port and trailing slashes dropped.
///
/// Only https is accepted; plain http only for loopback (`127.0.0.0/8`, `[::1]`, `localhost`).
public struct APIURL: Equatable, Sendable {
  public enum Scheme: String, Sendable {
    case https, http
  }

  public let scheme: Scheme
  /// Lower case, printable ASCII; an IPv6 address keeps its brackets.
  public let host: String
  public let port: UInt16
  /// Empty, or begins with a slash and does not end with one.
  public let path: String

  /// The API that is meant when nothing else is said.
  public static let standard = APIURL(
    scheme: .https, host: "api.meti.millpont.com", port: 443, path: "")

  private init(scheme: Scheme, host: String, port: UInt16, path: String) {
    self.scheme = scheme
    self.host = host
    self.port = port
    self.path = path
  }

  /// Reads and normalises `text`. No URL parser is used: those fold look-alike characters into
  /// the host, and this host decides who is given a token.
  public init(_ text: String) throws(APIURLError) {
    let bytes = Array(text.utf8)
    guard bytes.allSatisfy({ $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "\\") }) else {
      throw .notPrintableASCII
    }
    let scheme: Scheme
    let rest: ArraySlice<UInt8>
    if Self.hasPrefix(bytes, "https://") {
      (scheme, rest) = (.https, bytes.dropFirst(8))
    } else if Self.hasPrefix(bytes, "http://") {
      (scheme, rest) = (.http, bytes.dropFirst(7))
    } else {
      throw .notHTTPS
    }
    let authority = rest.prefix { $0 != UInt8(ascii: "/") }
    let path = rest.dropFirst(authority.count)
    guard !authority.contains(UInt8(ascii: "@")) else { throw .userinfo }
    guard !rest.contains(where: { $0 == UInt8(ascii: "?") || $0 == UInt8(ascii: "#") }) else {
      throw .queryOrFragment
    }
    let (host, digits) = try Self.split(authority)
    self.scheme = scheme
    self.host = String(decoding: host.map(Self.lowercased), as: UTF8.self)
    self.port = try Self.port(digits, of: scheme)
    var trimmed = path
    while trimmed.last == UInt8(ascii: "/") { trimmed.removeLast() }
    self.path = String(decoding: trimmed, as: UTF8.self)
    if scheme == .http && !isLoopback { throw .notHTTPS }
  }

  /// The normalised text, without a trailing slash: `https://api.meti.millpont.com`.
  public var text: String { origin + path }

  /// Scheme, host and, where it is not the default, port.
  public var origin: String {
    let isDefault = port == Self.defaultPort(of: scheme)
    return "\(scheme.rawValue)://\(host)\(isDefault ? "" : ":\(port)")"
  }

  /// Whether the host can only be this machine (RFC 6761, 6.3 for `localhost`). An address counts
  /// in its canonical form alone: `127.0.0.09` and `127.0.0.-1` are looked up in the DNS.
  public var isLoopback: Bool {
    if host == "localhost" || host == "[::1]" { return true }
    let parts = host.split(separator: ".", omittingEmptySubsequences: false)
    return parts.count == 4 && parts[0] == "127"
      && parts.allSatisfy { part in UInt8(part).map { String($0) == part } ?? false }
  }

  private static func split(
    _ authority: ArraySlice<UInt8>
  ) throws(APIURLError) -> (host: ArraySlice<UInt8>, port: ArraySlice<UInt8>?) {
    let host: ArraySlice<UInt8>
    if authority.first == UInt8(ascii: "[") {
      guard let end = authority.firstIndex(of: UInt8(ascii: "]")) else { throw .badHost }
      host = authority[...end]
      let inside = host.dropFirst().dropLast()
      guard !inside.isEmpty, inside.allSatisfy({ isHexDigit($0) || $0 == UInt8(ascii: ":") })
      else { throw .badHost }
    } else {
      host = authority.prefix { $0 != UInt8(ascii: ":") }
      guard !host.isEmpty, host.allSatisfy(isHostByte), host.last != UInt8(ascii: ".")
      else { throw .badHost }
    }
    let rest = authority.dropFirst(host.count)
    if rest.isEmpty { return (host, nil) }
    guard rest.first == UInt8(ascii: ":") else { throw .badHost }
    return (host, rest.dropFirst())
  }

  private static func port(
    _ digits: ArraySlice<UInt8>?, of scheme: Scheme
  ) throws(APIURLError) -> UInt16 {
    guard let digits, !digits.isEmpty else { return defaultPort(of: scheme) }
    guard digits.allSatisfy({ $0 >= UInt8(ascii: "0") && $0 <= UInt8(ascii: "9") }),
      let number = UInt16(String(decoding: digits, as: UTF8.self)), number > 0
    else { throw .badPort }
    return number
  }

  private static func defaultPort(of scheme: Scheme) -> UInt16 { scheme == .https ? 443 : 80 }

  private static func hasPrefix(_ bytes: [UInt8], _ prefix: String) -> Bool {
    bytes.prefix(prefix.utf8.count).map(lowercased).elementsEqual(prefix.utf8)
  }

  private static func lowercased(_ byte: UInt8) -> UInt8 {
    byte >= UInt8(ascii: "A") && byte <= UInt8(ascii: "Z") ? byte | 0x20 : byte
  }

  private static func isHexDigit(_ byte: UInt8) -> Bool {
    let lower = lowercased(byte)
    return (byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9"))
      || (lower >= UInt8(ascii: "a") && lower <= UInt8(ascii: "f"))
  }

  private static func isHostByte(_ byte: UInt8) -> Bool {
    let lower = lowercased(byte)
    return (lower >= UInt8(ascii: "a") && lower <= UInt8(ascii: "z"))
      || (byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9"))
      || byte == UInt8(ascii: "-") || byte == UInt8(ascii: ".") || byte == UInt8(ascii: "_")
  }
}

/// Why a text is no API URL.
public enum APIURLError: Error, Equatable {
  /// Neither https, nor http with a loopback host.
  case notHTTPS
  /// A space, a control character, a backslash or anything outside ASCII.
  case notPrintableASCII
  /// `user@host` is refused: credentials do not belong in a URL.
  case userinfo
  case queryOrFragment
  case badHost
  case badPort
}
