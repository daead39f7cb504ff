import MetiToken
import Testing

@testable import TokenEndpoint

@Suite struct `An answer with the status` {
  private func meaning(
    _ status: Int, _ body: String = "", headers: [String] = []
  ) -> IssuerError? {
    let answer = Answer()
    for line in headers { _ = take(line, answer.append(header:)) }
    _ = take(body, answer.append(body:))
    do throws(IssuerError) {
      _ = try answer.token(status: status, now: 784_111_777)
      return nil
    } catch {
      return error
    }
  }

  @Test func `200 brings the token`() {
    #expect(meaning(200, #"{"token":"abc"}"#) == nil)
  }

  @Test(arguments: [400, 401, 403, 422])
  func `400, 401, 403 or 422 refuses the credential`(_ status: Int) {
    #expect(meaning(status, "wrong password") == .refused(.init(status: status)))
  }

  @Test(
    arguments: [
      ("invalid_client", "the client is unknown, or its secret is wrong"),
      ("access_denied", "access is denied"), ("<script>", nil), ("Invalid_Client", nil),
    ] as [(String, String?)])
  func `401 is explained in our own words or not at all`(_ code: String, _ words: String?) {
    #expect(
      meaning(401, #"{"error":"\#(code)","error_description":"theirs"}"#)
        == .refused(.init(status: 401, reason: words)))
  }

  @Test(arguments: [
    (429, "METI gets too many requests and asks to wait (429)"),
    (408, "METI did not take the request (408)"), (425, "METI did not take the request (425)"),
    (500, "METI is in trouble (500)"), (503, "METI is in trouble (503)"),
    (599, "METI is in trouble (599)"),
  ])
  func `408, 425, 429 or 5xx is trouble that may pass`(_ status: Int, _ reason: String) {
    #expect(meaning(status) == .unavailable(.init(reason: reason)))
    #expect(
      meaning(status, headers: ["retry-after:  7 \r\n"])
        == .unavailable(.init(reason: reason, retryAfter: 7)))
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
  func `anything else makes no sense`(_ status: Int) {
    #expect(meaning(status) == .unusable(reason: "METI's answer makes no sense here (\(status))"))
  }

  @Test func `503 counts the headers of the final answer alone`() {
    let headers = [
      "HTTP/1.1 103 Early Hints\r\n", "Retry-After: 99\r\n", "\r\n", "HTTP/1.1 503 X\r\n", "\r\n",
    ]
    #expect(
      meaning(503, headers: headers) == .unavailable(.init(reason: "METI is in trouble (503)")))
  }

  @Test func `503 may name a date to come back at`() {
    let headers = [
      "HTTP/1.1 503 X\r\n", "Date: Sun, 06 Nov 1994 08:49:07 GMT\r\n",
      "Retry-After: Sun, 06 Nov 1994 08:49:37 GMT\r\n",
    ]
    #expect(
      meaning(503, headers: headers)
        == .unavailable(.init(reason: "METI is in trouble (503)", retryAfter: 30)))
  }
}

@Suite struct `An answer is read` {
  @Test func `up to 64 KiB of body`() {
    let answer = Answer()
    #expect(take(String(repeating: "a", count: 64 * 1024), answer.append(body:)))
    #expect(answer.excess == nil)
    #expect(!take("a", answer.append(body:)))
    #expect(answer.excess == .body)
    #expect(answer.excess?.error == .unusable(reason: "METI's answer is larger than 64 KiB"))
  }

  @Test func `up to 64 KiB of headers`() {
    let answer = Answer()
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
