import Testing

@Suite("Waits shown at a terminal", .manyAtOnce)
struct ProgressTests {
  private let place: Workplace

  init() throws {
    place = try Workplace.loggedIn()
  }

  @Test func `a slow answer is shown at a terminal`() throws {
    place.meti.answerNext(.held(then: .issue))
    let terminal = try place.sit("--force-refresh", output: .pipe)
    try terminal.expect("meti-token: waiting for METI to answer\r\n")
    place.meti.release()
    let outcome = terminal.wait()
    #expect(outcome.status == .exit(0))
    #expect(outcome.out == place.lastToken + "\n")
    #expect(terminal.screen == "meti-token: waiting for METI to answer\r\n")
  }

  @Test func `a pause before a retry is shown at a terminal`() throws {
    place.meti.answerNext(.status(503, headers: [("Retry-After", "2")]))
    let terminal = try place.sit("--force-refresh", output: .pipe)
    let outcome = terminal.wait()
    #expect(outcome.out == place.lastToken + "\n")
    #expect(terminal.screen == "meti-token: retrying in 2 seconds\r\n")
  }

  @Test func `a wait for another call is shown at a terminal`() throws {
    place.meti.answerNext(.held(then: .issue))
    let other = try place.start("--force-refresh")
    #expect(place.isAsked(by: other))
    let terminal = try place.sit("--force-refresh", output: .pipe)
    try terminal.expect("meti-token: waiting for another meti-token that renews the same token")
    place.meti.release()
    #expect(terminal.wait().status == .exit(0))
    #expect(other.wait().status == .exit(0))
  }

  @Test func `a quick call shows nothing at a terminal`() throws {
    let terminal = try place.sit("--force-refresh", output: .pipe)
    let outcome = terminal.wait()
    #expect(outcome.out == place.lastToken + "\n")
    #expect(terminal.screen == "")
  }

  @Test func `a script sees nothing, however slow METI is`() throws {
    place.meti.answerNext(.delay(seconds: 2, then: .issue))
    #expect(try place.run("--force-refresh").told == .answer(place.lastToken))
  }
}
