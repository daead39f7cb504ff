import MetiToken
import Testing

/// What a day of calls asks of METI: the numbers in docs/fleet.md.
@Suite struct `A day on one machine` {
  private let world = World()

  /// The requests of a day in which a call is made every so many seconds.
  private func requests(every seconds: Int64, atLeast asked: Int64? = nil) -> Int {
    for _ in 0..<(86_400 / seconds) {
      guard case .success = world.token(atLeast: asked) else { return -1 }
      world.clock.pass(seconds * second)
    }
    return world.issuer.asked.count
  }

  @Test(arguments: [(7, 32), (300, 32), (3600, 24), (86_400, 1)] as [(Int64, Int)])
  func `of regular calls is 32 requests at most`(_ seconds: Int64, _ expected: Int) {
    #expect(requests(every: seconds) == expected)
  }

  @Test func `of calls that want half an hour is 48 requests`() {
    #expect(requests(every: 10, atLeast: 1800) == 48)
  }

  @Test func `without a place for the token is a request for each call`() {
    world.cache.isRefused = true
    world.store.isReadOnly = true
    #expect(requests(every: 60) == 1440)
  }

  @Test func `with a rejected password is one request`() {
    world.store.isReadOnly = true
    world.issuer.answer = { _ in .failure(.rejection) }
    for _ in 0..<(24 * 60) {
      _ = world.token()
      world.clock.pass(minute)
    }
    #expect(world.issuer.asked.count == 1)
  }

  @Test func `with METI down is four requests in ten seconds at most`() {
    world.issuer.answer = { _ in .failure(.trouble()) }
    let start = world.clock.now()
    while world.clock.now().boot - start.boot < hour {
      _ = world.token()
      // A call that cannot wait for the end of the pause fails at once.
      world.clock.pass(1)
    }
    // 250 + 500 + 1,000 + 8,000 milliseconds for each four.
    let elapsed = Int(world.clock.now().boot - start.boot)
    #expect(world.issuer.asked.count <= (elapsed / 9750 + 1) * 4)
    #expect(world.issuer.asked.count > 1000)
  }
}
