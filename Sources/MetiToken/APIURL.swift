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
    var text = text
    text.makeContiguousUTF8()
    let bytes = text.utf8.span
    for index in bytes.indices where !Self.isAllowed(bytes[index]) { throw .notPrintableASCII }
    let start: Int
    if Self.begins(bytes, with: "https://") {
      (scheme, start) = (.https, 8)
    } else if Self.begins(bytes, with: "http://") {
      (scheme, start) = (.http, 7)
    } else {
      throw .notHTTPS
    }
    var end = start
    while end < bytes.count, bytes[end] != UInt8(ascii: "/") { end += 1 }
    for index in start..<bytes.count {
      switch bytes[index] {
      case UInt8(ascii: "@") where index < end: throw .userinfo
      case UInt8(ascii: "?"), UInt8(ascii: "#"): throw .queryOrFragment
      default: continue
      }
    }
    let hostEnd = try Self.hostEnd(bytes, start, end)
    host = Self.lowercased(bytes.extracting(start..<hostEnd))
    port = try Self.port(bytes.extracting(hostEnd..<end), of: scheme)
    var pathEnd = bytes.count
    while pathEnd > end, bytes[pathEnd - 1] == UInt8(ascii: "/") { pathEnd -= 1 }
    path = Self.text(bytes.extracting(end..<pathEnd))
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
    let host = host.utf8
    if host.elementsEqual("localhost".utf8) || host.elementsEqual("[::1]".utf8) { return true }
    let parts = host.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
    return parts.count == 4 && parts[0].elementsEqual("127".utf8) && parts.allSatisfy(Self.isOctet)
  }

  /// Whether it is a number from 0 to 255 as it is written first of all, without leading zeros.
  private static func isOctet(_ digits: Substring.UTF8View) -> Bool {
    guard digits.count <= 3, let first = digits.first, digits.allSatisfy(isDigit) else {
      return false
    }
    let number = digits.reduce(0) { $0 * 10 + Int($1 - UInt8(ascii: "0")) }
    return number <= 255 && (first != UInt8(ascii: "0") || digits.count == 1)
  }

  /// Where the host ends that begins at `start`: at the port's colon or at `end`.
  private static func hostEnd(
    _ bytes: Span<UInt8>, _ start: Int, _ end: Int
  ) throws(APIURLError) -> Int {
    guard start < end else { throw .badHost }
    var index = start
    if bytes[start] == UInt8(ascii: "[") {
      index += 1
      while index < end, isHexDigit(bytes[index]) || bytes[index] == UInt8(ascii: ":") {
        index += 1
      }
      guard index < end, bytes[index] == UInt8(ascii: "]"), index > start + 1 else {
        throw .badHost
      }
      index += 1
    } else {
      while index < end, isHostByte(bytes[index]) { index += 1 }
      guard index > start, bytes[index - 1] != UInt8(ascii: ".") else { throw .badHost }
    }
    guard index == end || bytes[index] == UInt8(ascii: ":") else { throw .badHost }
    return index
  }

  /// - Parameter text: nothing, or a colon and digits; a colon alone means the default (RFC 3986,
  ///   3.2.3).
  private static func port(
    _ text: Span<UInt8>, of scheme: Scheme
  ) throws(APIURLError) -> UInt16 {
    guard text.count > 1 else { return defaultPort(of: scheme) }
    var number: UInt32 = 0
    for index in 1..<text.count {
      guard isDigit(text[index]), number <= UInt16.max else { throw .badPort }
      number = number * 10 + UInt32(text[index] - UInt8(ascii: "0"))
    }
    guard let port = UInt16(exactly: number), port > 0 else { throw .badPort }
    return port
  }

  private static func defaultPort(of scheme: Scheme) -> UInt16 { scheme == .https ? 443 : 80 }

  private static func begins(_ bytes: Span<UInt8>, with prefix: StaticString) -> Bool {
    guard bytes.count >= prefix.utf8CodeUnitCount else { return false }
    for index in 0..<prefix.utf8CodeUnitCount
    where unsafe lowercased(bytes[index]) != prefix.utf8Start[index] {
      return false
    }
    return true
  }

  private static func lowercased(_ bytes: Span<UInt8>) -> String {
    unsafe String(unsafeUninitializedCapacity: bytes.count) { buffer in
      for index in bytes.indices { unsafe buffer[index] = lowercased(bytes[index]) }
      return bytes.count
    }
  }

  private static func text(_ bytes: Span<UInt8>) -> String {
    unsafe String(unsafeUninitializedCapacity: bytes.count) { buffer in
      for index in bytes.indices { unsafe buffer[index] = bytes[index] }
      return bytes.count
    }
  }

  private static func lowercased(_ byte: UInt8) -> UInt8 {
    byte >= UInt8(ascii: "A") && byte <= UInt8(ascii: "Z") ? byte | 0x20 : byte
  }

  /// Printable ASCII but space and backslash.
  private static func isAllowed(_ byte: UInt8) -> Bool {
    byte > 0x20 && byte < 0x7F && byte != UInt8(ascii: "\\")
  }

  private static func isDigit(_ byte: UInt8) -> Bool {
    byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9")
  }

  private static func isHexDigit(_ byte: UInt8) -> Bool {
    let lower = lowercased(byte)
    return isDigit(byte) || (lower >= UInt8(ascii: "a") && lower <= UInt8(ascii: "f"))
  }

  private static func isHostByte(_ byte: UInt8) -> Bool {
    let lower = lowercased(byte)
    return isDigit(byte) || (lower >= UInt8(ascii: "a") && lower <= UInt8(ascii: "z"))
      || byte == UInt8(ascii: "-") || byte == UInt8(ascii: ".") || byte == UInt8(ascii: "_")
  }
}

/// Why a text is no API URL, or no token URL.
public enum APIURLError: Error, Equatable {
  /// Neither https, nor http with a loopback host.
  case notHTTPS
  /// A space, a control character, a backslash or anything outside ASCII.
  case notPrintableASCII
  /// `user@host` is refused: credentials do not belong in a URL.
  case userinfo
  case queryOrFragment
  /// Of a ``TokenURL``, which may have a query.
  case fragment
  case badHost
  case badPort
}
