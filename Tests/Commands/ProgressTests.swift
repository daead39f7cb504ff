import Testing

@Suite("Telling a person what is waited for", .manyAtOnce)
struct ProgressTests {
  private let place: Workplace

  init() throws {
    place = try Workplace.loggedIn()
  }

  @Test func `a METI that is slow is told of at a terminal`() throws {
    place.meti.answerNext(.delay(seconds: 2, then: .issue))
    let terminal = try place.sit("--force-refresh", output: .pipe)
    try terminal.expect("meti-token: waiting for METI to answer\r\n")
    let outcome = terminal.wait()
    #expect(outcome.status == .exit(0))
    #expect(outcome.out == place.lastToken + "\n")
    #expect(terminal.screen == "meti-token: waiting for METI to answer\r\n")
  }

  @Test func `a pause that METI asks for is told of at a terminal`() throws {
    place.meti.answerNext(.status(503, headers: [("Retry-After", "2")]))
    let terminal = try place.sit("--force-refresh", output: .pipe)
    let outcome = terminal.wait()
    #expect(outcome.out == place.lastToken + "\n")
    #expect(terminal.screen == "meti-token: METI is asked again in 2 seconds\r\n")
  }

  @Test func `who waits for another call is told of it at a terminal`() throws {
    place.meti.answerNext(.delay(seconds: 3, then: .issue))
    let other = try place.start("--force-refresh")
    #expect(place.isAsked(by: other))
    let terminal = try place.sit("--force-refresh", output: .pipe)
    try terminal.expect("meti-token: waiting for another meti-token that asks for the same token")
    #expect(terminal.wait().status == .exit(0))
    #expect(other.wait().status == .exit(0))
  }

  @Test func `a quick call says nothing at a terminal`() throws {
    let terminal = try place.sit("--force-refresh", output: .pipe)
    let outcome = terminal.wait()
    #expect(outcome.out == place.lastToken + "\n")
    #expect(terminal.screen == "")
  }

  @Test func `a script is told nothing, however slow METI is`() throws {
    place.meti.answerNext(.delay(seconds: 2, then: .issue))
    #expect(try place.run("--force-refresh").told == .answer(place.lastToken))
  }
}
