import Testing

@testable import MetiToken

/// What a day of calls asks of METI: the numbers in docs/fleet.md.
@Suite struct `A day on one machine` {
  private let world = World()

  /// The POSTs of a day in which a call is made every so many seconds.
  private func posts(every seconds: Int64, atLeast asked: Int64? = nil) -> Int {
    let end = world.clock.now().later(86_400 * second)
    while world.clock.now().boot < end.boot {
      guard case .success = world.token(atLeast: asked) else { return -1 }
      world.clock.moment = world.clock.moment.later(seconds * second)
    }
    return world.issuer.asked.count
  }

  @Test func `of calls without end is 25 requests`() {
    #expect(posts(every: 7) == 25)
  }

  @Test(arguments: [(300, 24), (3600, 24), (86_400, 1)] as [(Int64, Int)])
  func `of a regular job is no more than one an hour`(_ seconds: Int64, _ expected: Int) {
    #expect(posts(every: seconds) == expected)
  }

  @Test func `of calls that want half an hour is 48 requests`() {
    #expect(posts(every: 10, atLeast: 1800) == 48)
  }

  @Test func `without a place for the token is a request for each call`() {
    world.cache.isRefused = true
    world.store.trouble = { $0.hasPrefix("store token") ? KeyringError(.readOnly) : nil }
    #expect(posts(every: 60) == 1440)
  }

  @Test func `with a password that is refused is one request an hour`() {
    world.store.trouble = { $0.hasPrefix("store") ? KeyringError(.readOnly) : nil }
    world.issuer.answer = { _ in .failure(.refusal) }
    for _ in 0..<(24 * 60) {
      _ = world.token()
      world.clock.moment = world.clock.moment.later(60 * second)
    }
    #expect(world.issuer.asked.count == 24)
  }

  @Test func `with METI down is four requests in ten seconds at most`() {
    world.issuer.answer = { _ in .failure(.trouble()) }
    let start = world.clock.now()
    while world.clock.now().boot - start.boot < 3600 * second {
      _ = world.token()
      // Who cannot wait for the end of the pause fails at once.
      world.clock.moment = world.clock.moment.later(1)
    }
    // 250 + 500 + 1,000 + 8,000 milliseconds for each four.
    let elapsed = Int(world.clock.now().boot - start.boot)
    #expect(world.issuer.asked.count <= (elapsed / 9750 + 1) * 4)
    #expect(world.issuer.asked.count > 1000)
  }
}
