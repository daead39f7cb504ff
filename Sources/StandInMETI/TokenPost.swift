import Glibc

/// A request for a token, and what became of it.
public struct TokenPost: Sendable {
  /// Milliseconds on the clock that counts from the start of the machine (CLOCK_BOOTTIME).
  public let received: Int64
  /// When the answer was sent or the connection closed; nil while neither is the case.
  public internal(set) var ended: Int64?
  /// The e-mail address or the client id; nil where the body has neither.
  public let account: String?
  public let answer: Answer
  /// What was issued, whether or not it reached the client.
  public internal(set) var token: String?
  /// Seconds that token lives.
  public internal(set) var lifetime: Int?

  static func now() -> Int64 {
    var time = timespec()
    unsafe clock_gettime(CLOCK_BOOTTIME, &time)
    return Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000
  }
}

extension Answer {
  /// As `stand-in-meti` calls it.
  public var name: String {
    switch self {
    case .issue: "issue"
    case .status(let status, let headers, _):
      headers.first { $0.0 == "Retry-After" }.map { "status-\(status)-\($0.1)" }
        ?? "status-\(status)"
    case .body: "body"
    case .raw: "garbage"
    case .redirect: "redirect"
    case .oversized: "oversized"
    case .truncated: "truncated"
    case .close: "close"
    case .silence: "silence"
    case .delay: "delay"
    }
  }
}
