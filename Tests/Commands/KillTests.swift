import Glibc
import Testing

/// SIGKILL at moments spread over a whole call: it must never cost the account.
@Suite("Killed at any moment", .manyAtOnce)
struct KillTests {
  let email = METIServer.email

  /// Starts, and kills at a random moment of about the time that the whole takes.
  /// Returns whether it was killed, and did not end before.
  func kill(_ start: () throws -> Child, within microseconds: UInt32) throws -> Bool {
    let child = try start()
    usleep(.random(in: 0...microseconds))
    child.signal(SIGKILL)
    return child.wait().status == .signal(SIGKILL)
  }

  /// Microseconds that one undisturbed call takes, and a little.
  func length(of call: () throws -> Outcome) throws -> UInt32 {
    UInt32(try call().seconds * 1.1e6)
  }

  @Test func `a login that is killed stores nothing, or an account that works`() throws {
    let place = try Workplace()
    // So that many kills fall into the wait for the answer.
    place.meti.defaultAnswer = .delay(seconds: 0.02, then: .issue)
    let begin = {
      try place.start(
        "login", "--email", email, "--password-stdin", input: .text(METIServer.password))
    }
    let length = try length { try begin().wait() }
    var killed = 0
    for _ in 0..<40 {
      #expect(try place.run("logout", "--all").status == .exit(0))
      if try kill(begin, within: length) { killed += 1 }
      let after = try place.run()
      let isStored = after.told == .answer(place.lastToken)
      let isAbsent =
        after.told
        == .noAccount(at: place.url)
      #expect(isStored || isAbsent, "\(after)")
    }
    #expect(killed >= 15)
    try place.logIn()
    #expect(try place.items().map(\.kind) == ["account", "token"])
    #expect(try place.run("-f").told == .answer(place.lastToken))
  }

  @Test(arguments: ["kernel", "keyring"])
  func `a renewal that is killed leaves the account and its token working`(
    cache: String
  ) throws {
    let place = try Workplace.loggedIn()
    place.environment["METI_TOKEN_CACHE"] = cache
    place.meti.defaultAnswer = .delay(seconds: 0.02, then: .issue)
    let begin = { try place.start("--force-refresh") }
    let length = try length { try begin().wait() }
    var killed = 0
    // On a busy machine many a renewal is over before its end comes.
    for round in 0..<100 where killed < 25 {
      if try kill(begin, within: length) { killed += 1 }
      let after = try place.run()
      #expect(after.status == .exit(0), "\(after)")
      #expect(place.meti.isLive(after.value), "\(after)")
      // What was killed must not hold up or spoil the next renewal either.
      if round % 8 == 0 { #expect(try begin().wait().told == .answer(place.lastToken)) }
    }
    #expect(killed == 25)
    #expect(try place.items().map(\.kind) == ["account", "token"])
    #expect(try place.items().first?.secret == METIServer.password)
  }

  @Test func `a logout that is killed can be done again`() throws {
    let place = try Workplace()
    for _ in 0..<5 {
      try place.logIn()
      _ = try kill({ try place.start("logout") }, within: 60_000)
      let again = try place.run("logout", "--all")
      #expect(again.status == .exit(0), "\(again)")
      #expect(try place.items() == [])
      #expect(place.kernelKeys == [])
    }
  }
}
