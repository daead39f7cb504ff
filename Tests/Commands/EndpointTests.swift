import Foundation
import Testing

@Suite("What METI answers", .manyAtOnce)
struct EndpointTests {
  let place: Workplace
  let email = METIServer.email

  /// Logged in without a token, so that every call asks METI until one is stored.
  init() throws {
    place = try Workplace()
    try place.logIn(isVerified: false)
  }

  func rejection(_ status: Int) -> Told {
    .failure(
      77, "METI rejects the credentials of \(email) (HTTP \(status))",
      hint: "log in with: meti-token login --email \(email)")
  }

  func unavailable(_ reason: String) -> Told {
    .failure(75, reason, hint: "try again later")
  }

  func unusable(_ reason: String) -> Told {
    .failure(
      76, reason,
      hint: "check the API URL or the client's token URL, and whether the network needs a log-in")
  }

  /// The failure of a call after METI has rejected the password, with its time taken out.
  func runWithoutTime(_ arguments: String...) throws -> Told {
    var told = try Program.metiToken.run(arguments, environment: place.environment).told
    told.err = told.err.replacing(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ/, with: "TIME")
    return told
  }

  var rejectedBefore: Told {
    .failure(
      77,
      "METI rejected the credentials of \(email) on TIME",
      hint: "log in with: meti-token login --email \(email)")
  }

  // MARK: Refusals

  @Test(arguments: [400, 401, 403, 422])
  func `a rejected password is sent once, until login`(status: Int) throws {
    place.meti.answerNext(.status(status))
    #expect(try place.run().told == rejection(status))
    #expect(try runWithoutTime() == rejectedBefore)
    #expect(try runWithoutTime("--json", "-f", "--account", email) == rejectedBefore)
    #expect(place.meti.tokenPosts == 1)
    try place.logIn()
    #expect(try place.run().told == .answer(place.lastToken))
    #expect(try place.run("-f").told == .answer(place.lastToken))
  }

  @Test func `a rejection is recorded in the keyring, not on the machine`() throws {
    place.meti.answerNext(.status(401))
    #expect(try place.run().told == rejection(401))
    let runtime = place.environment["XDG_RUNTIME_DIR"] ?? ""
    try FileManager.default.removeItem(atPath: runtime + "/meti-token")
    #expect(try runWithoutTime() == rejectedBefore)
    #expect(place.meti.tokenPosts == 1)
  }

  @Test func `a rejection keeps the password, and its token while that is valid`() throws {
    #expect(try place.run().status == .exit(0))
    place.meti.answerNext(.status(401))
    #expect(try place.run("-f").told == rejection(401))
    #expect(try place.run().told == .answer(place.lastToken))
    #expect(try place.items().first?.secret == METIServer.password)
  }

  @Test func `a failed login does not clear the rejection`() throws {
    place.meti.setPassword("changed", for: email)
    #expect(try place.run().told == rejection(401))
    let login = try place.run(
      "login", "--email", email, "--password-stdin", input: .text("wrong again"))
    #expect(
      login.told
        == .failure(
          77, "METI rejects the credentials of \(email) (HTTP 401)",
          hint: "check the e-mail address and password; nothing was stored"))
    #expect(try runWithoutTime() == rejectedBefore)
    #expect(place.meti.tokenPosts == 2)
  }

  @Test func `the server's own words are not repeated`() throws {
    place.meti.answerNext(
      .status(403, body: #"{"error":"access_denied","error_description":"\u001b[31mBoo"}"#))
    #expect(
      try place.run().told
        == .failure(
          77, "METI rejects the credentials of \(email) (HTTP 403): access is denied",
          hint: "log in with: meti-token login --email \(email)"))
  }

  // MARK: Trouble that passes

  @Test func `trouble that passes is waited out`() throws {
    place.meti.answerNext(.status(503), .close, .status(500))
    #expect(try place.run().told == .answer(place.lastToken))
    #expect(place.meti.tokenPosts == 4)
  }

  @Test func `Retry-After is honoured`() throws {
    place.meti.answerNext(.status(429, headers: [("Retry-After", "1")]))
    let outcome = try place.run()
    #expect(outcome.told == .answer(place.lastToken))
    #expect(place.meti.tokenPosts == 2)
    #expect(outcome.seconds >= 1)
  }

  @Test func `trouble that stays ends in time`() throws {
    place.meti.defaultAnswer = .status(503)
    let outcome = try place.run("--timeout", "20")
    #expect(outcome.told == unavailable("METI is in trouble (HTTP 503)"))
    #expect(place.meti.tokenPosts == 4)
  }

  @Test func `a short timeout bounds the attempts`() throws {
    place.meti.defaultAnswer = .status(503)
    let outcome = try place.run("--timeout", "1")
    #expect(outcome.told == unavailable("METI is in trouble (HTTP 503)"))
    #expect(outcome.isSoon)
    #expect((1...3).contains(place.meti.tokenPosts))
  }

  @Test func `the next call leaves a METI in trouble alone`() throws {
    place.meti.answerNext(.status(503), .status(503), .status(503), .status(503))
    #expect(try place.run("--timeout", "20").status == .exit(75))
    let outcome = try place.run("--timeout", "1")
    #expect(outcome.status == .exit(75))
    #expect(
      outcome.err.hasPrefix(
        "meti-token: error: METI is in trouble (HTTP 503); the next request is in "))
    #expect(place.meti.tokenPosts == 4)
  }

  @Test(arguments: [429, 503])
  func `a Retry-After beyond the timeout fails at once`(status: Int) throws {
    place.meti.defaultAnswer = .status(status, headers: [("Retry-After", "600")])
    let reason =
      status == 429
      ? "METI receives too many requests (HTTP 429)" : "METI is in trouble (HTTP 503)"
    let outcome = try place.run()
    #expect(outcome.told == unavailable(reason + "; the next request is in 10 minutes"))
    #expect(outcome.isSoon)
    #expect(place.meti.tokenPosts == 1)
    let second = try place.run()
    #expect(second.status == .exit(75))
    #expect(second.err.hasPrefix("meti-token: error: \(reason); the next request is in "))
    #expect(place.meti.tokenPosts == 1)
  }

  @Test func `silence ends with the timeout`() throws {
    place.meti.defaultAnswer = .silence
    let outcome = try place.run("--timeout", "1")
    #expect(outcome.told == unavailable("cannot reach \(place.url): no answer in time"))
    #expect(outcome.isSoon)
  }

  @Test func `the timeout may be given by the environment`() throws {
    place.meti.defaultAnswer = .silence
    let outcome = try place.run(with: ["METI_TOKEN_TIMEOUT": "1s"])
    #expect(outcome.told == unavailable("cannot reach \(place.url): no answer in time"))
    #expect(outcome.isSoon)
    #expect(
      try place.run(with: ["METI_TOKEN_TIMEOUT": "soon"]).told
        == .failure(
          64, "METI_TOKEN_TIMEOUT is not a duration",
          hint: "write a duration as 30, 90s, 5m or 1h"))
  }

  @Test func `trouble at METI does not touch a token that lives`() throws {
    #expect(try place.run().status == .exit(0))
    let token = place.lastToken
    place.meti.defaultAnswer = .status(503)
    #expect(try place.run("-f", "--timeout", "1").status == .exit(75))
    #expect(try place.run().told == .answer(token))
    #expect(try place.items().last?.secret == token)
  }

  @Test func `nobody at the port is named`() throws {
    place.meti.stopListening()
    #expect(
      try place.run("--timeout", "1").told
        == unavailable("cannot reach \(place.url): Connection refused"))
  }

  // MARK: Answers that cannot be used

  struct Unusable: CustomTestStringConvertible {
    let testDescription: String
    let answer: Answer
    let reason: String

    init(_ name: String, _ answer: Answer, _ reason: String) {
      testDescription = name
      self.answer = answer
      self.reason = reason
    }
  }

  /// What no message may show.
  static let canary = "canary"

  static let unusableAnswers = [
    Unusable(
      "a captive portal", .body("<!DOCTYPE html><title>canary</title>"),
      "METI answered with HTML instead of JSON, as a captive portal or a login page would"),
    Unusable(
      "damaged JSON", .body(#"{"token": canary}"#), "METI's answer is not JSON, or damaged"),
    Unusable("nothing", .body(""), "METI's answer is empty"),
    Unusable("no token", .body(#"{"canary":1}"#), "METI's answer has no token"),
    Unusable(
      "a token that is a number", .body(#"{"token":1}"#), "METI's answer has no token"),
    Unusable(
      "a newline in the token", .body(#"{"token":"canary\nX-Evil: 1","expires_in":60}"#),
      "the token in METI's answer is empty, too long or no bearer token"),
    Unusable(
      "a token that is too long",
      .body(#"{"token":"\#(String(repeating: "canary", count: 3000))","expires_in":60}"#),
      "the token in METI's answer is empty, too long or no bearer token"),
    Unusable(
      "no life", .body(#"{"token":"canary","expires_in":0}"#),
      "expires_in in METI's answer is not a number of seconds up to a year"),
    Unusable(
      "an absurd life", .body(#"{"token":"canary","expires_in":99999999999999999999}"#),
      "expires_in in METI's answer is not a number of seconds up to a year"),
    Unusable(
      "a life that is no number", .body(#"{"token":"canary","expires_in":"canary"}"#),
      "expires_in in METI's answer is not a number of seconds up to a year"),
    Unusable(
      "another kind of token", .body(#"{"access_token":"canary","token_type":"mac"}"#),
      "the token in METI's answer is not a bearer token"),
    Unusable("too much", .oversized(bytes: 65537), "METI's answer is larger than 64 KiB"),
    Unusable(
      "a redirect", .redirect(to: "https://canary.example.com/token"),
      "METI answered with a redirect (HTTP 307), which is not followed"),
    Unusable(
      "the wrong place", .status(404, body: "canary"),
      "METI has no token endpoint at this URL (HTTP 404)"),
    Unusable(
      "an unexpected answer", .status(418, body: #"{"canary":1}"#),
      "METI sent an unexpected answer (HTTP 418)"),
  ]

  @Test func `an unusable answer gets its own words, and none of it is shown`() throws {
    let locks = try #require(place.environment["XDG_RUNTIME_DIR"]) + "/meti-token"
    for unusable in Self.unusableAnswers {
      place.meti.forgetRequests()
      place.meti.answerNext(unusable.answer)
      // Without the lock file there is no pause after the last answer.
      try? FileManager.default.removeItem(atPath: locks)
      let outcome = try place.run("--verbose")
      let plain = outcome.err.split(separator: "\n").filter { !$0.contains(" debug: ") }
      #expect(
        plain.map { "\($0)\n" }.joined() == self.unusable(unusable.reason).err,
        "\(unusable.testDescription)")
      #expect(outcome.status == .exit(76))
      #expect(outcome.out == "")
      #expect(!outcome.err.contains(Self.canary))
      #expect(place.meti.requests.map(\.target) == ["/token"])
    }
    #expect(try place.items().map(\.kind) == ["account"])
    #expect(place.kernelKeys == [])
  }

  @Test func `an answer that is not HTTP is named, and not shown`() throws {
    place.meti.answerNext(.raw(Array("SSH-2.0-canary\r\n".utf8)))
    let outcome = try place.run()
    #expect(outcome.status == .exit(76))
    #expect(
      outcome.err.hasPrefix("meti-token: error: the answer of \(place.url) is damaged: Received "))
    #expect(!outcome.err.contains(Self.canary))
  }

  @Test func `after an answer that is cut off the request is retried`() throws {
    place.meti.answerNext(.truncated, .body(#"{"token": "canary"#))
    #expect(try place.run().told == .answer(place.lastToken))
    #expect(place.meti.tokenPosts == 3)
  }

  @Test func `an answer of just 64 KiB is read`() throws {
    place.meti.answerNext(.oversized(bytes: 65536))
    #expect(try place.run().told == .answer(place.lastToken))
  }

  @Test func `after an answer that cannot be used the next call asks again`() throws {
    place.meti.answerNext(.body("<html>"))
    #expect(try place.run().status == .exit(76))
    #expect(try place.run().told == .answer(place.lastToken))
  }
}
