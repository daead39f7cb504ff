/// What METI answered to curl, read from the headers (curl(1), --dump-header).
public struct CurlAnswers: Sendable {
  /// Whether METI answered 401. After a redirect it may be another server's answer, to a request
  /// without the token, and does not count.
  public private(set) var isTokenRejected = false
  private var isRedirected = false
  private var line: [UInt8] = []

  public init() {}

  public mutating func read(_ bytes: [UInt8]) {
    for byte in bytes {
      if byte == UInt8(ascii: "\n") {
        readLine()
        line = []
      } else if line.count < Self.longest {
        line.append(byte)
      }
    }
  }

  /// Holds any HTTP version and status.
  private static let longest = 32

  /// Reads a line such as `HTTP/1.1 401 Unauthorized` or `HTTP/2 401`.
  private mutating func readLine() {
    let words = line.split(separator: UInt8(ascii: " "))
    guard line.starts(with: "HTTP/".utf8), words.count > 1 else { return }
    if words[1].first == UInt8(ascii: "3") { isRedirected = true }
    if words[1].starts(with: "401".utf8), !isRedirected { isTokenRejected = true }
  }
}
