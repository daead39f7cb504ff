import MetiToken
import Testing

@Suite struct CurlAnswersTests {
  static func isTokenRejected(_ headers: String, piece: Int = .max) -> Bool {
    var answers = CurlAnswers(of: .standard)
    var rest = Array(headers.utf8)[...]
    while !rest.isEmpty {
      let size = min(piece, rest.count)
      answers.read(Array(rest.prefix(size)))
      rest = rest.dropFirst(size)
    }
    return answers.isTokenRejected
  }

  private static func redirected(to target: String) -> String {
    "HTTP/1.1 302 Found\r\nLocation: \(target)\r\n\r\nHTTP/1.1 401 Unauthorized\r\n\r\n"
  }

  @Test(arguments: [
    ("HTTP/1.1 401 Unauthorized\r\nA: b\r\n\r\n", true),
    ("HTTP/2 401 \r\n\r\n", true),
    ("HTTP/3 401\r\n\r\n", true),
    ("HTTP/1.1 200 OK\r\n\r\n", false),
    ("HTTP/1.1 407 Proxy Authentication Required\r\n\r\n", false),
    ("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 401 Unauthorized\r\n\r\n", true),
    // A retry.
    ("HTTP/1.1 503 Busy\r\n\r\nHTTP/1.1 401 Unauthorized\r\n\r\n", true),
    (redirected(to: "https://elsewhere.com/sources"), false),
    (redirected(to: "//elsewhere.com/sources"), false),
    (redirected(to: "https://api.meti.millpont.com.elsewhere.com/"), false),
    (redirected(to: "https://api.meti.millpont.com\\@elsewhere.com/"), false),
    (redirected(to: "/sources/"), true),
    (redirected(to: "https://api.meti.millpont.com/sources/"), true),
    (redirected(to: "/" + String(repeating: "x", count: 5000)), true),
    ("LOCATION: //elsewhere.com\r\n\r\nHTTP/1.1 401 Unauthorized\r\n\r\n", false),
    ("HTTP/1.1 200 OK\r\nX: HTTP/1.1 401 Unauthorized\r\n\r\n", false),
    ("HTTP/1.1 401 Unauthorized", false),
    ("HTTP/1.1401\r\n", false),
    ("", false), ("\n", false), ("HTTP/\n", false),
  ])
  func `a 401 counts unless it may be another server's`(headers: String, isRejected: Bool) {
    for piece in [1, 3, 1000] {
      #expect(Self.isTokenRejected(headers, piece: piece) == isRejected)
    }
  }
}
