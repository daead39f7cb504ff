import MetiToken
import Testing

@testable import TokenEndpoint

@Suite struct `An answer with the status` {
  private func meaning(
    _ status: Int, _ body: String = "", headers: [String] = [], retryAfter: Int64 = 0,
    date: Int64? = nil
  ) -> IssuerError? {
    let response = HTTPResponse()
    for line in ["HTTP/1.1 \(status) X\r\n"] + headers + ["\r\n"] {
      _ = take(line, response.append(header:))
    }
    _ = take(body, response.append(body:))
    return meaning(response, status, retryAfter, date)
  }

  private func meaning(
    _ response: HTTPResponse, _ status: Int, _ retryAfter: Int64 = 0, _ date: Int64? = nil
  ) -> IssuerError? {
    let times = ResponseTimes(retryAfter: retryAfter, date: date, now: 1_784_111_777)
    do throws(IssuerError) {
      _ = try response.token(status: status, times)
      return nil
    } catch {
      return error
    }
  }

  @Test func `200 brings the token`() {
    #expect(meaning(200, #"{"token":"abc"}"#) == nil)
  }

  @Test(arguments: [400, 401, 403, 422])
  func `400, 401, 403 or 422 with a JSON object rejects the credential`(_ status: Int) {
    #expect(
      meaning(status, #"{"error":"wrong password"}"#)
        == .rejected(.init(status: status, isAmbiguous: status == 403)))
  }

  @Test func `401 without a body rejects the credential`() {
    #expect(meaning(401) == .rejected(.init(status: 401)))
  }

  @Test(arguments: [400, 401, 403, 422])
  func `400, 401, 403 or 422 with a page of another server is trouble that may pass`(
    _ status: Int
  ) {
    #expect(
      meaning(status, "<html>Forbidden</html>")
        == .unavailable(
          .init(
            reason: "the answer is not METI's, but a page of another server (\(status))")))
  }

  @Test func `400 or 403 without a body is trouble that may pass`() {
    for status in [400, 403] {
      guard case .unavailable = meaning(status) else {
        Issue.record("\(status) is something else")
        continue
      }
    }
  }

  @Test func `400 with a message alone is an ambiguous rejection`() {
    #expect(
      meaning(400, #"{"message":"Forbidden"}"#)
        == .rejected(.init(status: 400, isAmbiguous: true)))
  }

  @Test(arguments: [
    "temporarily_unavailable", "server_error", "slow_down", "too_many_attempts",
    "internal_failure",
  ])
  func `400 with a code that means later is trouble that may pass`(_ code: String) {
    #expect(
      meaning(400, #"{"error":"\#(code)"}"#)
        == .unavailable(.init(reason: "METI asks to try again later (400)")))
  }

  @Test(arguments: [400, 401, 403, 404])
  func `4xx with Retry-After is trouble that may pass`(_ status: Int) {
    #expect(
      meaning(status, #"{"error":"x"}"#, headers: ["Retry-After: 7\r\n"], retryAfter: 7)
        == .unavailable(.init(reason: "METI asks to try again later (\(status))", retryAfter: 7)))
  }

  @Test(
    arguments: [
      ("invalid_client", "the client is unknown, or its secret is wrong"),
      ("access_denied", "access is denied"), ("<script>", nil), ("Invalid_Client", nil),
    ] as [(String, String?)])
  func `401 is explained in our own words or not at all`(_ code: String, _ words: String?) {
    #expect(
      meaning(401, #"{"error":"\#(code)","error_description":"theirs"}"#)
        == .rejected(.init(status: 401, reason: words)))
  }

  @Test(arguments: [
    (429, "METI receives too many requests (429)"),
    (408, "METI did not accept the request (408)"), (425, "METI did not accept the request (425)"),
    (500, "METI is in trouble (500)"), (503, "METI is in trouble (503)"),
    (599, "METI is in trouble (599)"),
  ])
  func `408, 425, 429 or 5xx is trouble that may pass`(_ status: Int, _ reason: String) {
    #expect(meaning(status) == .unavailable(.init(reason: reason)))
    #expect(
      meaning(status, headers: ["retry-after:  7 \r\n"], retryAfter: 7)
        == .unavailable(.init(reason: reason, retryAfter: 7)))
  }

  @Test func `503 with more seconds than libcurl can read means long`() {
    #expect(
      meaning(503, headers: ["Retry-After: 99999999999999999999\r\n"])
        == .unavailable(.init(reason: "METI is in trouble (503)", retryAfter: BackOff.longest)))
  }

  @Test(arguments: [("30", 30), ("1784111807", 30)] as [(String, Int64)])
  func `429 may say in X-RateLimit-Reset how long to wait`(_ value: String, _ seconds: Int64) {
    #expect(
      meaning(429, headers: ["X-RateLimit-Reset: \(value)\r\n"])
        == .unavailable(
          .init(reason: "METI receives too many requests (429)", retryAfter: seconds)))
  }

  @Test(arguments: [301, 302, 307, 308])
  func `3xx is not followed`(_ status: Int) {
    #expect(
      meaning(status)
        == .unusable(
          reason: "METI answered with a redirect (\(status)); no credentials are sent after it"))
  }

  @Test(arguments: [404, 405, 410])
  func `404 says that the URL is wrong`(_ status: Int) {
    #expect(
      meaning(status) == .unusable(reason: "METI has no token endpoint at this URL (\(status))"))
  }

  @Test(arguments: [0, 100, 101, 402, 407, 418, 451, 600, 999])
  func `anything else is unexpected`(_ status: Int) {
    #expect(meaning(status) == .unusable(reason: "METI sent an unexpected answer (\(status))"))
  }

  @Test func `200 whose headers do not end is a lost connection`() {
    let response = HTTPResponse()
    for line in ["HTTP/1.1 200 OK\r\n", "Content-Type: application/json\r\n"] {
      _ = take(line, response.append(header:))
    }
    #expect(
      meaning(response, 200)
        == .unavailable(.init(reason: "the connection to METI was lost")))
  }

  @Test func `200 whose JSON does not end is cut off`() {
    #expect(
      meaning(200, #"{"token":"abc","expi"#)
        == .unavailable(.init(reason: "METI's answer is cut off")))
  }

  @Test func `200 may begin with a byte order mark`() {
    #expect(meaning(200, "\u{FEFF}{\"token\":\"abc\"}") == nil)
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
  @Test func `up to 64 KiB of body`() {
    let answer = HTTPResponse()
    #expect(take(String(repeating: "a", count: 64 * 1024), answer.append(body:)))
    #expect(answer.excess == nil)
    #expect(!take("a", answer.append(body:)))
    #expect(answer.excess == .body)
    #expect(answer.excess?.error == .unusable(reason: "METI's answer is larger than 64 KiB"))
  }

  @Test func `up to 64 KiB of headers`() {
    let answer = HTTPResponse()
    for _ in 0..<64 { #expect(take(String(repeating: "a", count: 1024), answer.append(header:))) }
    #expect(!take("a", answer.append(header:)))
    #expect(
      answer.excess?.error
        == .unusable(reason: "the headers in METI's answer are larger than 64 KiB"))
  }
}

private func take(_ text: String, _ append: (RawSpan) -> Bool) -> Bool {
  Secret(copying: text).withBytes { append($0) }
}
