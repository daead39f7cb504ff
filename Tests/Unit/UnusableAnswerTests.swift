import Testing

@testable import MetiToken

@Suite struct `An unusable answer` {
  private let world = World()
  private let useless = IssuerError.unusable(
    reason: "METI has no token endpoint at this URL (HTTP 404)")

  init() { world.issuer.next = [.failure(useless)] }

  @Test func `is given once to a hundred calls at once`() {
    let start = world.clock.now()
    for _ in 0..<100 {
      #expect(world.issue(since: start) == .failure(useless))
      // However long it takes until the lock is had.
      world.clock.pass(100)
    }
    #expect(world.issuer.asked.count == 1)
  }

  @Test func `is given once to the calls of the next seconds that cannot wait`() {
    for _ in 0..<10 {
      #expect(world.issue(within: 500) == .failure(useless))
      world.clock.pass(100)
    }
    #expect(world.issuer.asked.count == 1)
  }

  @Test func `keeps the next call waiting for a moment`() {
    _ = world.issue()
    world.clock.pass(500)
    #expect(world.issue() == .success("issued-2"))
    #expect(world.clock.pauses == [1500])
  }

  @Test func `is forgotten after a success`() {
    _ = world.issue()
    world.clock.pass(2 * second)
    #expect(world.issue() == .success("issued-2"))
    #expect(world.lock.state == LockState())
  }
}
