import MetiToken

/// A server's answer, as far as it is used: the body, and a few headers.
///
/// A class, because libcurl hands it to its callbacks as a pointer.
final class HTTPResponse {
  /// Decoded. Wiped with the response.
  private(set) var body = Secret()
  /// The values of the headers by their names in lower case.
  private(set) var headers: [String: String] = [:]
  /// Whether the headers arrived to their end: a connection may be closed before.
  private(set) var hasWholeHeaders = false
  /// Whether it was longer than ``longest``; nothing more was read then.
  private(set) var isTooLong = false
  /// Whether libcurl takes a proxy from the environment, `NO_PROXY` considered.
  private(set) var usesProxy = false

  /// The HTTP status (RFC 9110, 15); 0 if none came.
  var status = 0
  /// The wall clock when the answer came, in seconds since 1970.
  var now: Int64 = 0
  /// From the start of the request to the end of the answer.
  var milliseconds: Int64 = 0
  /// What describes the server's own certificate, each line `Name:value` (CURLINFO_CERTINFO(3)).
  var certificate: [String] = []
  /// Called about once a second while the transfer runs.
  var onProgress: () -> Void = {}

  /// The longest body, and the longest headers all together, in bytes: four of the longest tokens.
  static let longest = 64 * 1024

  private var headerBytes = 0
  let library: CurlLibrary

  init(_ library: CurlLibrary) { self.library = library }

  /// The Date header, in seconds since 1970.
  var date: Int64? { headers["date"].flatMap(library.date) }

  /// False if it is too much.
  func append(body bytes: RawSpan) -> Bool {
    isTooLong = body.count + bytes.byteCount > Self.longest
    if !isTooLong { body.append(bytes) }
    return !isTooLong
  }

  /// Reads one header line, with its end. False if it is too much.
  func append(header bytes: RawSpan) -> Bool {
    headerBytes += bytes.byteCount
    isTooLong = headerBytes > Self.longest
    guard !isTooLong else { return false }
    let line = Self.text(bytes)
    if line.hasPrefix("HTTP/") {
      // The final answer, after an interim one (RFC 9110, 15.2): those headers do not count.
      (headers, hasWholeHeaders) = ([:], false)
    } else if let colon = line.firstIndex(of: ":") {
      let name = line[..<colon].lowercased()
      var value = line[colon...].dropFirst().drop(while: \.isWhitespace)
      while value.last?.isWhitespace == true { value.removeLast() }
      headers[name] = String(value)
    } else {
      hasWholeHeaders = line.allSatisfy(\.isNewline)
    }
    return true
  }

  /// Reads a line that libcurl writes for people: it does not say otherwise whether it uses a proxy.
  func append(log bytes: RawSpan) -> Bool {
    let line = Self.text(bytes).lowercased()
    let prefix = "uses proxy env variable "
    usesProxy = usesProxy || line.hasPrefix(prefix) && !line.hasPrefix("\(prefix)no_proxy")
    return true
  }

  private static func text(_ bytes: RawSpan) -> String {
    unsafe bytes.withUnsafeBytes { unsafe String(decoding: $0, as: UTF8.self) }
  }

  /// A callback of libcurl's (CURLOPT_WRITEFUNCTION(3), CURLOPT_HEADERFUNCTION(3)): any number but
  /// `count` ends the transfer with CURLE_WRITE_ERROR.
  static func receive(
    _ bytes: UnsafeMutablePointer<CChar>?, _ count: Int, _ context: UnsafeMutableRawPointer?,
    _ take: (HTTPResponse, RawSpan) -> Bool
  ) -> Int {
    guard let context = unsafe context, let bytes = unsafe bytes else { return 0 }
    let span = unsafe UnsafeRawBufferPointer(start: bytes, count: count).bytes
    return take(unsafe at(context), span) ? count : 0
  }

  /// The response that libcurl was given as a pointer.
  static func at(_ context: UnsafeMutableRawPointer) -> HTTPResponse {
    unsafe Unmanaged<HTTPResponse>.fromOpaque(context).takeUnretainedValue()
  }
}
