/// What METI answered to curl, read from the headers (curl(1), --dump-header).
public struct CurlAnswers: Sendable {
  /// Whether METI answered 401. After a redirect to another server it may be that one's answer, to a
  /// request without the token, and does not count.
  public private(set) var isTokenRejected = false
  private let api: APIURL
  private var isElsewhere = false
  private var line: [UInt8] = []

  public init(of api: APIURL) { self.api = api }

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

  /// Of a longer line the beginning is enough.
  private static let longest = 4096

  /// Reads a line such as `HTTP/1.1 401 Unauthorized`, `HTTP/2 401` or `Location: /other`.
  private mutating func readLine() {
    let text = String(decoding: line, as: UTF8.self)
    let words = text.split(whereSeparator: \.isWhitespace)
    guard words.count > 1 else { return }
    if words[0].hasPrefix("HTTP/"), words[1].hasPrefix("401"), !isElsewhere {
      isTokenRejected = true
    }
    if words[0].lowercased() == "location:" { isElsewhere = isElsewhere || !isOurs(words[1]) }
  }

  private func isOurs(_ target: Substring) -> Bool {
    target.hasPrefix("/") && !target.hasPrefix("//") || api.serves(uri: String(target))
  }
}
