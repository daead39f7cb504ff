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
    guard text.utf8.allSatisfy(\.isOfURL) else { throw .notPrintableASCII }
    let lowercased = text.utf8.map(\.lowercased)
    if lowercased.starts(with: "https://".utf8) {
      scheme = .https
    } else if lowercased.starts(with: "http://".utf8) {
      scheme = .http
    } else {
      throw .notHTTPS
    }
    let rest = text.dropFirst(scheme.rawValue.count + 3)
    let authority = rest.prefix { $0 != "/" }
    guard !authority.contains("@") else { throw .userinfo }
    guard !rest.contains(where: { "?#".contains($0) }) else { throw .queryOrFragment }
    let hostEnd =
      authority.first == "["
      ? authority.firstIndex(of: "]").map { authority.index(after: $0) }
      : authority.firstIndex(of: ":")
    let host = authority[..<(hostEnd ?? authority.endIndex)]
    guard Self.isHost(host) else { throw .badHost }
    self.host = String(decoding: host.utf8.map(\.lowercased), as: UTF8.self)
    port = try Self.port(authority[host.endIndex...], of: scheme)
    var path = rest[authority.endIndex...]
    while path.last == "/" { path.removeLast() }
    self.path = String(path)
    if scheme == .http && !isLoopback { throw .notHTTPS }
  }

  /// The normalised text, without a trailing slash: `https://api.meti.millpont.com`.
  public var text: String { origin + path }

  /// Scheme, host and, if it is not the default, port.
  public var origin: String { "\(scheme.rawValue)://\(host)\(isDefaultPort ? "" : ":\(port)")" }

  var isDefaultPort: Bool { port == Self.defaultPort(of: scheme) }

  /// Whether the host can only be this machine (RFC 6761, 6.3 for `localhost`). An address counts
  /// in its canonical form alone: `127.0.0.09` and `127.0.0.-1` are looked up in the DNS.
  public var isLoopback: Bool {
    let host = host.utf8
    if host.elementsEqual("localhost".utf8) || host.elementsEqual("[::1]".utf8) { return true }
    let parts = host.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
    return parts.count == 4 && parts[0].elementsEqual("127".utf8) && parts.allSatisfy(Self.isOctet)
  }

  /// Whether it is a number from 0 to 255 as it is written first of all, without leading zeros.
  private static func isOctet(_ digits: Substring.UTF8View) -> Bool {
    guard digits.count <= 3, let first = digits.first, digits.allSatisfy(\.isDigit) else {
      return false
    }
    let number = digits.reduce(0) { $0 * 10 + Int($1 - UInt8(ascii: "0")) }
    return number <= 255 && (first != UInt8(ascii: "0") || digits.count == 1)
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

  /// - Parameter text: nothing, or a colon and digits; a colon alone means the default (RFC 3986,
  ///   3.2.3).
  private static func port(_ text: Substring, of scheme: Scheme) throws(APIURLError) -> UInt16 {
    guard let colon = text.first else { return defaultPort(of: scheme) }
    guard colon == ":" else { throw .badHost }
    let digits = text.dropFirst()
    guard !digits.isEmpty else { return defaultPort(of: scheme) }
    guard digits.utf8.allSatisfy(\.isDigit), let port = UInt16(digits), port > 0 else {
      throw .badPort
    }
    return port
  }

  private static func defaultPort(of scheme: Scheme) -> UInt16 { scheme == .https ? 443 : 80 }
}

/// Why a text is no API URL, or no token URL.
public enum APIURLError: Error, Equatable {
  /// Neither https, nor http with a loopback host.
  case notHTTPS
  /// A space, a control character, a backslash or anything outside ASCII.
  case notPrintableASCII
  /// `user@host` is not allowed: credentials do not belong in a URL.
  case userinfo
  case queryOrFragment
  /// Of a ``TokenURL``, which may have a query.
  case fragment
  case badHost
  case badPort
}
