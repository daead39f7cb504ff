import MetiToken

/// A server's answer, as far as it is used: the body, and a few headers.
///
/// A class, because libcurl hands it to its callbacks as a pointer.
final class HTTPResponse {
  /// Wiped with the response.
  private(set) var body = Secret()
  /// Retry-After, Date and X-RateLimit-Reset as they were sent.
  private(set) var retryAfter: String?
  private(set) var date: String?
  private(set) var rateLimitReset: String?
  /// Whether the headers arrived to their end: a connection may be closed before.
  private(set) var hasWholeHeaders = false
  /// Which part was over its limit; nothing more was read then.
  private(set) var excess: Excess?

  enum Excess: Equatable {
    case body, headers
  }

  /// The longest body that is read, in decoded bytes: four of the longest tokens.
  static let longestBody = 64 * 1024
  /// The longest headers, all together, in bytes: eight times what servers allow each other.
  static let longestHeaders = 64 * 1024

  /// Called about once a second while the transfer runs.
  var onProgress: () -> Void = {}

  private var headerBytes = 0

  /// False when it is too much.
  func append(body bytes: RawSpan) -> Bool {
    guard body.count + bytes.byteCount <= Self.longestBody else {
      excess = .body
      return false
    }
    body.append(bytes)
    return true
  }

  /// Takes one header line, with its end. False when it is too much.
  func append(header bytes: RawSpan) -> Bool {
    headerBytes += bytes.byteCount
    guard headerBytes <= Self.longestHeaders else {
      excess = .headers
      return false
    }
    let line = unsafe bytes.withUnsafeBytes { unsafe String(decoding: $0, as: UTF8.self) }
    if line.utf8.starts(with: "HTTP/".utf8) {
      // The final answer, after an interim one (RFC 9110, 15.2): those headers do not count.
      (retryAfter, date, rateLimitReset, hasWholeHeaders) = (nil, nil, nil, false)
    }
    guard let colon = line.firstIndex(of: ":") else {
      hasWholeHeaders = line.utf8.allSatisfy { $0 == 0x0D || $0 == 0x0A }
      return true
    }
    let value = line[line.index(after: colon)...]
    switch line[..<colon].lowercased() {
    case "retry-after": retryAfter = Self.trimmed(value)
    case "date": date = Self.trimmed(value)
    case "x-ratelimit-reset": rateLimitReset = Self.trimmed(value)
    default: break
    }
    return true
  }

  private static func trimmed(_ value: Substring) -> String {
    var value = value.drop(while: \.isWhitespace)
    while value.last?.isWhitespace == true { value.removeLast() }
    return String(value)
  }

  /// A callback of libcurl's (CURLOPT_WRITEFUNCTION, CURLOPT_HEADERFUNCTION): any number but
  /// `count` ends the transfer with CURLE_WRITE_ERROR.
  static func receive(
    _ bytes: UnsafeMutablePointer<CChar>?, _ count: Int, _ context: UnsafeMutableRawPointer?,
    _ take: (HTTPResponse, RawSpan) -> Bool
  ) -> Int {
    guard let context = unsafe context, let bytes = unsafe bytes else { return 0 }
    let response = unsafe Unmanaged<HTTPResponse>.fromOpaque(context).takeUnretainedValue()
    let span = unsafe UnsafeRawBufferPointer(start: bytes, count: count).bytes
    return take(response, span) ? count : 0
  }
}
