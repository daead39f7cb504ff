import Glibc
import Testing

@Suite("Many at once", .manyAtOnce)
struct SingleFlightTests {
  let email = METIServer.email

  @Test(arguments: ["kernel", "keyring"])
  func `64 callers on a token that has run out make one request`(cache: String) throws {
    let place = try Workplace.loggedIn(lifetime: 1)
    place.environment["METI_TOKEN_CACHE"] = cache
    place.meti.lifetime = 3600
    usleep(1_100_000)
    let callers = try (0..<64).map { _ in try place.start() }
    let told = callers.map { $0.wait().told }
    #expect(told == Array(repeating: .answer(place.lastToken), count: 64))
    #expect(place.meti.tokenPosts == 1)
  }

  @Test func `64 callers with no token make one request`() throws {
    let place = try Workplace.loggedIn()
    #expect(try place.run("logout", "--token-only").status == .exit(0))
    let callers = try (0..<64).map { _ in try place.start("--json") }
    let outcomes = callers.map { $0.wait() }
    #expect(outcomes.allSatisfy { $0.status == .exit(0) && $0.err == "" })
    #expect(outcomes.allSatisfy { $0.out.contains(#""token":"\#(place.lastToken)""#) })
    #expect(place.meti.tokenPosts == 1)
  }

  /// Without a keyring: the account comes with the environment.
  private func server(password: String = METIServer.password) throws -> Workplace {
    let place = try Workplace(.noBus)
    place.environment["METI_EMAIL"] = email
    place.environment["METI_PASSWORD"] = password
    return place
  }

  /// Callers at terminals that say that they wait for another one.
  private func waiting(_ count: Int, at place: Workplace) throws -> [Terminal] {
    let callers = try (0..<count).map { _ in try place.sit(output: .pipe) }
    for caller in callers { try caller.expect("waiting for another meti-token") }
    return callers
  }

  @Test func `64 callers with an account in the environment make one request`() throws {
    let place = try server()
    let callers = try (0..<64).map { _ in try place.start() }
    let told = callers.map { $0.wait().told }
    #expect(told == Array(repeating: .answer(place.lastToken), count: 64))
    #expect(place.meti.tokenPosts == 1)
  }

  @Test func `a hundred calls, one after the other, with a rejected password make one request`()
    throws
  {
    let place = try server(password: "wrong")
    for _ in 0..<100 { #expect(try place.run().status == .exit(77)) }
    #expect(place.meti.tokenPosts == 1)
  }

  @Test func `a hundred later calls leave a METI in trouble alone`() throws {
    let place = try server()
    place.meti.defaultAnswer = .status(503, headers: [("Retry-After", "600")])
    for _ in 0..<100 { #expect(try place.run().status == .exit(75)) }
    #expect(place.meti.tokenPosts == 1)
  }

  @Test func `callers at once share an unusable answer`() throws {
    let place = try server()
    place.meti.defaultAnswer = .held(then: .status(404))
    let first = try place.start()
    #expect(place.isAsked(by: first))
    let callers = try waiting(9, at: place)
    place.meti.release()
    let outcomes = [first.wait()] + callers.map { $0.wait() }
    #expect(outcomes.allSatisfy { $0.status == .exit(76) && $0.out == "" })
    #expect(place.meti.tokenPosts == 1)
  }

  @Test func `a caller without time leaves METI to those who have more`() throws {
    let place = try server()
    place.meti.answerNext(.silence)
    let hasty = try place.start("--timeout", "1")
    #expect(place.isAsked(by: hasty))
    let patient = try (0..<3).map { _ in try place.start() }
    #expect(hasty.wait().status == .exit(75))
    for caller in patient { #expect(caller.wait().told == .answer(place.lastToken)) }
    #expect(place.meti.tokenPosts == 2)
  }

  @Test func `200 callers on a token in the kernel make no request`() throws {
    let place = try Workplace.loggedIn()
    // Nothing else can answer.
    place.environment["DBUS_SESSION_BUS_ADDRESS"] = "unix:path=/no/such/socket"
    let callers = try (0..<200).map { _ in try place.start() }
    let told = callers.map { $0.wait().told }
    #expect(told == Array(repeating: .answer(place.lastToken), count: 200))
    #expect(place.meti.requests == [])
  }

  @Test func `64 callers on a password that METI refuses make one request`() throws {
    let place = try Workplace()
    try place.logIn(password: "wrong", isVerified: false)
    let callers = try (0..<64).map { _ in try place.start() }
    let outcomes = callers.map { $0.wait() }
    #expect(outcomes.allSatisfy { $0.status == .exit(77) && $0.out == "" })
    #expect(place.meti.tokenPosts == 1)
  }

  @Test func `callers on a METI in trouble share one caller's attempts`() throws {
    let place = try Workplace()
    try place.logIn(isVerified: false)
    place.meti.defaultAnswer = .delay(seconds: 0.1, then: .status(503))
    let callers = try (0..<16).map { _ in try place.start("--timeout", "20") }
    let outcomes = callers.map { $0.wait() }
    #expect(outcomes.allSatisfy { $0.status == .exit(75) && $0.out == "" })
    #expect(place.meti.tokenPosts == 4)
    #expect(place.meti.peakTokenPosts == 1)
  }

  @Test(arguments: ["kernel", "keyring"])
  func `when the one who asks is killed the others go on`(cache: String) throws {
    let place = try Workplace()
    try place.logIn(isVerified: false)
    place.environment["METI_TOKEN_CACHE"] = cache
    place.meti.answerNext(.silence)
    let first = try place.start()
    #expect(place.isAsked(by: first))
    let callers = try waiting(8, at: place)
    first.signal(SIGKILL)
    let told = callers.map { $0.wait().told }
    #expect(told == Array(repeating: .answer(place.lastToken), count: 8))
    #expect(place.meti.tokenPosts == 2)
  }

  @Test func `who waits too long for the one who asks gives up in time`() throws {
    let place = try Workplace()
    try place.logIn(isVerified: false)
    place.meti.answerNext(.silence)
    let first = try place.start()
    #expect(place.isAsked(by: first))
    let outcome = try place.run("--timeout", "1")
    #expect(
      outcome.told
        == .failure(
          75, "another meti-token is renewing this token and takes too long",
          hint: "try again, or allow more time with --timeout"))
    #expect(outcome.isSoon)
    #expect(place.meti.tokenPosts == 1)
    first.signal(SIGKILL)
  }

  @Test func `two accounts do not wait for each other`() throws {
    let place = try Workplace()
    place.meti.setPassword("other", for: "other@domain.com")
    try place.logIn(isVerified: false)
    try place.logIn("other@domain.com", password: "other", isVerified: false)
    place.meti.answerNext(.silence)
    let first = try place.start("-a", email)
    #expect(place.isAsked(by: first))
    #expect(try place.run("-a", "other@domain.com").told == .answer(place.lastToken))
    first.signal(SIGKILL)
  }

  @Test func `many who force a new token each get one that is new`() throws {
    let place = try Workplace.loggedIn()
    let old = place.lastToken
    let callers = try (0..<16).map { _ in try place.start("-f") }
    let outcomes = callers.map { $0.wait() }
    #expect(outcomes.allSatisfy { $0.status == .exit(0) && $0.value != old && $0.err == "" })
    #expect(try place.run().told == .answer(place.lastToken))
    #expect(place.meti.peakTokenPosts == 1)
  }
}
