/// What METI thinks of the token, read from the headers of its answers (curl(1), --dump-header).
struct CurlStatus {
  /// Whether an answer of curl's may come from another host than the API's.
  let followsRedirects: Bool

  /// Whether the first answer was a 401; `nil` before there was one.
  private(set) var isFirstRefused: Bool?
  /// Whether any answer was a 401 to the token. After a redirect it may be another host's answer to a
  /// request without it, and does not count.
  private(set) var hasRefusal = false

  private var line: [UInt8] = []
  private var isRedirected = false

  init(followsRedirects: Bool) { self.followsRedirects = followsRedirects }

  mutating func read(_ bytes: some Sequence<UInt8>) {
    for byte in bytes {
      if byte == UInt8(ascii: "\n") {
        if let status = Self.status(line) { note(status) }
        line.removeAll(keepingCapacity: true)
      } else if line.count < Self.longestStart {
        line.append(byte)
      }
    }
  }

  /// Of a line this much is looked at, which holds any version and status.
  private static let longestStart = 32

  private mutating func note(_ status: Int) {
    // An interim answer (RFC 9110, 15.2) decides nothing.
    guard status >= 200 else { return }
    let isRefusal = status == 401 && !isRedirected
    if isFirstRefused == nil { isFirstRefused = isRefusal }
    if isRefusal { hasRefusal = true }
    isRedirected = followsRedirects && (300..<400).contains(status)
  }

  /// The status of a line such as `HTTP/1.1 401 Unauthorized` or `HTTP/2 401`.
  private static func status(_ line: [UInt8]) -> Int? {
    guard line.starts(with: "HTTP/".utf8), let space = line.firstIndex(of: UInt8(ascii: " "))
    else { return nil }
    return Int(String(decoding: line[(space + 1)...].prefix(3), as: UTF8.self))
  }
}
