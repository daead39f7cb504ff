import MetiToken

/// What came back, as far as it is of use: the body, and two headers.
///
/// A class, because libcurl hands it to its callbacks as a pointer.
final class Answer {
  /// Wiped with the answer.
  private(set) var body = Secret()
  private(set) var retryAfter: String?
  private(set) var date: String?
  /// What of the answer went over its limit; nothing more was read then.
  private(set) var excess: Excess?

  enum Excess: Equatable {
    case body, headers
  }

  /// The longest body that is read, in bytes: four of the longest tokens.
  static let longestBody = 64 * 1024
  /// The longest headers, all together, in bytes: eight times what servers allow each other.
  static let longestHeaders = 64 * 1024

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
      (retryAfter, date) = (nil, nil)
    }
    guard let colon = line.firstIndex(of: ":") else { return true }
    let value = line[line.index(after: colon)...]
    switch line[..<colon].lowercased() {
    case "retry-after": retryAfter = Self.trimmed(value)
    case "date": date = Self.trimmed(value)
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
    _ take: (Answer, RawSpan) -> Bool
  ) -> Int {
    guard let context = unsafe context, let bytes = unsafe bytes else { return 0 }
    let answer = unsafe Unmanaged<Answer>.fromOpaque(context).takeUnretainedValue()
    let span = unsafe UnsafeRawBufferPointer(start: bytes, count: count).bytes
    return take(answer, span) ? count : 0
  }
}
