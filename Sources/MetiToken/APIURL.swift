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
  private let port: UInt16
  /// Empty, or begins with a slash and does not end with one.
  private let path: String

  /// The API that is meant when nothing else is said.
  public static let standard = APIURL(
    scheme: .https, host: "api.meti.millpont.com", port: 443, path: "")
}

extension APIURL {
  /// Reads and normalises `text`. No URL parser is used: those fold look-alike characters into
  /// the host, and this host decides who is given a token.
  public init(_ text: String) throws(APIURLError) {
    guard text.utf8.allSatisfy(\.isOfURL) else { throw .malformed }
    let end = text.firstRange(of: "://")?.lowerBound ?? text.startIndex
    guard let scheme = Scheme(rawValue: text[..<end].lowercased()) else { throw .notHTTPS }
    let rest = text[end...].dropFirst(3)
    let authority = rest.prefix { $0 != "/" }
    let hostEnd =
      authority.first == "["
      ? authority.firstIndex(of: "]").map { authority.index(after: $0) }
      : authority.firstIndex(of: ":")
    let host = authority[..<(hostEnd ?? authority.endIndex)]
    let port = authority[host.endIndex...]
    guard Self.isHost(host), !rest.contains(where: { "?#".contains($0) }),
      let number = port.isEmpty ? Self.defaultPort(scheme) : Self.number(port.dropFirst()),
      port.first ?? ":" == ":", number > 0
    else { throw .malformed }
    self.scheme = scheme
    self.host = host.lowercased()
    self.port = number
    path = String(rest[authority.endIndex...].reversed().drop { $0 == "/" }.reversed())
    if scheme == .http && !isLoopback { throw .notHTTPS }
  }

  /// The normalised text, without a trailing slash: `https://api.meti.millpont.com`.
  public var text: String { origin + path }

  /// Scheme, host and, if it is not the default, port.
  public var origin: String { "\(scheme.rawValue)://\(host)\(hasDefaultPort ? "" : ":\(port)")" }

  private var hasDefaultPort: Bool { port == Self.defaultPort(scheme) }

  private static func defaultPort(_ scheme: Scheme) -> UInt16 { scheme == .https ? 443 : 80 }

  /// Whether the host can only be this machine (RFC 6761, 6.3 for `localhost`). An address counts
  /// in its canonical form alone: `127.0.0.09` and `127.0.0.-1` are looked up in the DNS.
  private var isLoopback: Bool {
    if host == "localhost" || host == "[::1]" { return true }
    let parts = host.split(separator: ".", omittingEmptySubsequences: false)
    let octets: [UInt8] = parts.compactMap(Self.number)
    return parts.count == 4 && octets.count == 4 && octets[0] == 127
  }

  /// The number, if it has neither a sign nor leading zeros.
  private static func number<Number: FixedWidthInteger>(_ text: Substring) -> Number? {
    Number(text).flatMap { "\($0)" == text ? $0 : nil }
  }

  /// Whether it is a name or an IPv4 address, or an IPv6 address in brackets.
  private static func isHost(_ text: Substring) -> Bool {
    let bytes = text.utf8
    guard text.first == "[" else {
      return !bytes.isEmpty && text.last != "."
        && bytes.allSatisfy { $0.isLetter || $0.isDigit || "-._".utf8.contains($0) }
    }
    return bytes.count > 2 && text.last == "]"
      && bytes.dropFirst().dropLast().allSatisfy { $0.hexValue != nil || $0 == UInt8(ascii: ":") }
  }
}

/// Who is given a token: the scheme, host and port of the configured API.
extension APIURL {
  /// Whether the attributes of a git-credential request name this API's server. The protocol is
  /// exact; the host may differ in the case of ASCII letters, and may have the default port.
  public func serves(protocol: [UInt8], host: [UInt8]) -> Bool {
    let text = host.map(\.lowercased)
    return `protocol`.elementsEqual(scheme.rawValue.utf8)
      && (text.elementsEqual("\(self.host):\(port)".utf8)
        || (hasDefaultPort && text.elementsEqual(self.host.utf8)))
  }

  /// Whether `uri` is on this API's server: scheme, host and port, then the end or one of `/ ? #`.
  /// Anything but visible ASCII, and a backslash anywhere, is refused.
  public func serves(uri: String) -> Bool { afterAuthority(of: uri) != nil }

  /// What follows scheme, host and port in a `uri` on this API's server; `nil` for other servers.
  func afterAuthority(of uri: String) -> Substring? {
    let prefix = "\(scheme.rawValue)://"
    guard uri.utf8.allSatisfy(\.isOfURL), uri.hasPrefix(prefix) else { return nil }
    let rest = uri.dropFirst(prefix.count)
    let authority = rest.prefix { !"/?#".contains($0) }
    return serves(protocol: Array(scheme.rawValue.utf8), host: Array(authority.utf8))
      ? rest[authority.endIndex...] : nil
  }

  /// The URL that `given` means: a path is put behind the API URL. It begins with the API's origin and a
  /// slash, byte for byte, so that no other program can read it differently.
  /// - Returns: `nil` if it is not on the API's origin.
  public func url(_ given: String) -> String? {
    // Two slashes would name a host.
    guard !given.hasPrefix("//"),
      let rest = afterAuthority(of: given.hasPrefix("/") ? text + given : given),
      rest.isEmpty || rest.first == "/"
    else { return nil }
    return origin + (rest.isEmpty ? "/" : rest)
  }
}

/// Why a text is no API URL, or no token URL.
public enum APIURLError: Error, Equatable {
  /// Neither https, nor http with a loopback host.
  case notHTTPS
  /// More or less than a host with an optional port and path, in printable ASCII.
  case malformed
}
