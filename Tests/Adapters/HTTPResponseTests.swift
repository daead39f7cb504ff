import MetiToken
import Testing

@testable import TokenEndpoint

@Suite struct `An answer with the status` {
  private func meaning(
    _ status: Int, _ body: String = "", headers: [String] = []
  ) throws -> IssuerError? {
    let response = HTTPResponse(try CurlLibrary.shared.get())
    for line in ["HTTP/1.1 \(status) X\r\n"] + headers.map({ "\($0)\r\n" }) + ["\r\n"] {
      _ = take(line, response.append(header:))
    }
    _ = take(body, response.append(body:))
    response.status = status
    response.now = 784_111_777
    do throws(IssuerError) {
      _ = try response.token()
      return nil
    } catch {
      return error
    }
  }

  @Test func `200 brings the token`() throws {
    #expect(try meaning(200, #"{"token":"abc"}"#) == nil)
  }

  @Test(arguments: [400, 401, 403, 422])
  func `400, 401, 403 or 422 with a JSON object rejects the credential`(_ status: Int) throws {
    #expect(
      try meaning(status, #"{"error":"wrong password"}"#)
        == .rejected(status: status, isAmbiguous: status == 403))
  }

  @Test func `401 without a body rejects the credential`() throws {
    #expect(try meaning(401) == .rejected(status: 401))
  }

  @Test(arguments: [400, 401, 403, 422])
  func `400, 401, 403 or 422 with a page of another server is trouble that may pass`(
    _ status: Int
  ) throws {
    #expect(
      try meaning(status, "<html>Forbidden</html>")
        == .unavailable("the answer is not METI's, but a page of another server (HTTP \(status))"))
  }

  @Test func `400 or 403 without a body is trouble that may pass`() throws {
    for status in [400, 403] {
      guard case .unavailable = try meaning(status) else {
        Issue.record("\(status) is something else")
        continue
      }
    }
  }

  @Test func `400 with a message alone is an ambiguous rejection`() throws {
    #expect(
      try meaning(400, #"{"message":"Forbidden"}"#)
        == .rejected(status: 400, isAmbiguous: true))
  }

  @Test(arguments: [
    "temporarily_unavailable", "server_error", "slow_down", "too_many_attempts",
    "internal_failure",
  ])
  func `400 with a code that means later is trouble that may pass`(_ code: String) throws {
    #expect(
      try meaning(400, #"{"error":"\#(code)"}"#)
        == .unavailable("METI asks to try again later (HTTP 400)"))
  }

  @Test(arguments: [400, 401, 403, 404])
  func `4xx with Retry-After is trouble that may pass`(_ status: Int) throws {
    #expect(
      try meaning(status, #"{"error":"x"}"#, headers: ["Retry-After: 7"])
        == .unavailable("METI asks to try again later (HTTP \(status))", retryAfter: 7))
  }

  @Test(
    arguments: [
      ("invalid_client", "the client is unknown, or its secret is wrong"),
      ("access_denied", "access is denied"), ("<script>", nil), ("Invalid_Client", nil),
    ] as [(String, String?)])
  func `401 is explained in our own words or not at all`(_ code: String, _ words: String?) throws {
    #expect(
      try meaning(401, #"{"error":"\#(code)","error_description":"theirs"}"#)
        == .rejected(status: 401, reason: words))
  }

  @Test(arguments: [
    (429, "METI receives too many requests (HTTP 429)"),
    (408, "METI did not accept the request (HTTP 408)"),
    (425, "METI did not accept the request (HTTP 425)"),
    (500, "METI is in trouble (HTTP 500)"), (503, "METI is in trouble (HTTP 503)"),
    (599, "METI is in trouble (HTTP 599)"),
  ])
  func `408, 425, 429 or 5xx is trouble that may pass`(_ status: Int, _ reason: String) throws {
    #expect(try meaning(status) == .unavailable(reason))
    #expect(
      try meaning(status, headers: ["retry-after:  7 "])
        == .unavailable(reason, retryAfter: 7))
  }

  @Test(
    arguments: [
      ("0", nil), ("7", 7), ("0120", 120), ("1.5", 2), ("0.2", 1), ("", nil), ("-1", nil),
      ("soon", nil), ("99999999999999999999", 31_622_400),
      ("Sun, 06 Nov 1994 08:49:37 GMT", 30), ("Sunday, 06-Nov-94 08:49:37 GMT", 30),
      ("Sun Nov  6 08:49:37 1994", 30), ("Sun, 06 Nov 1994 08:49:07 GMT", nil),
      ("Fri, 31 Dec 9999 23:59:59 GMT", 31_622_400),
    ] as [(String, Int64?)])
  func `503 may say when to retry, by the server's own clock`(
    _ value: String, _ seconds: Int64?
  ) throws {
    #expect(
      try meaning(
        503, headers: ["Date: Sun, 06 Nov 1994 08:49:07 GMT", "Retry-After: \(value)"])
        == .unavailable("METI is in trouble (HTTP 503)", retryAfter: seconds))
  }

  @Test(arguments: [[], ["Date: yesterday"]])
  func `503 without a usable Date says when to retry by this machine's clock`(
    _ headers: [String]
  ) throws {
    #expect(
      try meaning(503, headers: headers + ["Retry-After: Sun, 06 Nov 1994 08:49:44 GMT"])
        == .unavailable("METI is in trouble (HTTP 503)", retryAfter: 7))
  }

  @Test func `503 counts the headers of the final answer alone`() throws {
    let headers = ["HTTP/1.1 103 Early Hints", "Retry-After: 99", "", "HTTP/1.1 503 X"]
    #expect(
      try meaning(503, headers: headers)
        == .unavailable("METI is in trouble (HTTP 503)"))
  }

  @Test(arguments: [("30", 30), ("784111807", 30)] as [(String, Int64)])
  func `429 may say in X-RateLimit-Reset how long to wait`(
    _ value: String, _ seconds: Int64
  ) throws {
    let reason = "METI receives too many requests (HTTP 429)"
    #expect(
      try meaning(429, headers: ["X-RateLimit-Reset: \(value)"])
        == .unavailable(reason, retryAfter: seconds))
    #expect(
      try meaning(429, headers: ["X-RateLimit-Reset: \(value)", "Retry-After: 5"])
        == .unavailable(reason, retryAfter: 5))
  }

  @Test func `503 does not wait for the end of a limit that was not reached`() throws {
    #expect(
      try meaning(503, headers: ["X-RateLimit-Reset: 30"])
        == .unavailable("METI is in trouble (HTTP 503)"))
  }

  @Test(arguments: [301, 302, 307, 308])
  func `3xx is not followed`(_ status: Int) throws {
    #expect(
      try meaning(status)
        == .unusable(
          reason: "METI answered with a redirect (HTTP \(status)), which is not followed"))
  }

  @Test(arguments: [404, 405, 410])
  func `404 says that the URL is wrong`(_ status: Int) throws {
    #expect(
      try meaning(status)
        == .unusable(reason: "METI has no token endpoint at this URL (HTTP \(status))"))
  }

  @Test(arguments: [0, 100, 101, 402, 407, 418, 451, 600, 999])
  func `anything else is unexpected`(_ status: Int) throws {
    #expect(
      try meaning(status)
        == .unusable(reason: "METI sent an unexpected answer (HTTP \(status))"))
  }

  @Test(arguments: [402, 406, 418, 451])
  func `4xx with a page of another server is trouble that may pass`(_ status: Int) throws {
    guard case .unavailable = try meaning(status, "<html>") else {
      Issue.record("\(status) is something else")
      return
    }
  }

  @Test(arguments: ["{", #"{"token":"ab"#, #"{"token":"abc","expires_in":3600"#])
  func `200 whose JSON does not end is cut off`(_ body: String) throws {
    #expect(try meaning(200, body) == .unavailable("METI's answer is cut off"))
  }

  @Test func `200 without a body is cut off, unless it says so`() throws {
    #expect(try meaning(200) == .unavailable("METI's answer is cut off"))
    #expect(
      try meaning(200, headers: ["Content-Length: 0"])
        == .unusable(reason: "METI's answer is empty"))
  }

  @Test func `200 with a code that means later is trouble that may pass`() throws {
    #expect(
      try meaning(200, #"{"error":"server_error"}"#)
        == .unavailable("METI asks to try again later (HTTP 200)"))
  }

  @Test func `200 may begin with a byte order mark`() throws {
    #expect(try meaning(200, "\u{FEFF}{\"token\":\"abc\"}") == nil)
  }
}

@Suite struct `A token that is handed out late` {
  /// Issued at 1,000 for an hour.
  private let body = #"{"token":"\#(webToken(#"{"iat":1000,"exp":4600}"#))","expires_in":3600}"#

  private func lifetime(at date: Int64?) -> Int64? {
    do throws(IssuerError) {
      return try TokenResponse.parse(Secret(copying: body), date: date).lifetime
    } catch {
      return nil
    }
  }

  @Test func `lives as long as its exp leaves at the answer's Date`() {
    #expect(lifetime(at: 1000) == 3600)
    #expect(lifetime(at: 3400) == 1200)
    #expect(lifetime(at: 500) == 3600)
    #expect(lifetime(at: nil) == 3600)
  }

  @Test func `is unusable if it has expired`() {
    #expect(lifetime(at: 4600) == nil)
  }
}

@Suite struct `An answer is read` {
  @Test func `up to 64 KiB of body`() throws {
    let answer = HTTPResponse(try CurlLibrary.shared.get())
    #expect(take(String(repeating: "a", count: 64 * 1024), answer.append(body:)))
    #expect(!answer.isTooLong)
    #expect(!take("a", answer.append(body:)))
    #expect(answer.isTooLong)
  }

  @Test func `up to 64 KiB of headers`() throws {
    let answer = HTTPResponse(try CurlLibrary.shared.get())
    for _ in 0..<64 { #expect(take(String(repeating: "a", count: 1024), answer.append(header:))) }
    #expect(!take("a", answer.append(header:)))
    #expect(answer.isTooLong)
  }
}

private func take(_ text: String, _ append: (RawSpan) -> Bool) -> Bool {
  Secret(copying: text).withBytes { append($0) }
}
