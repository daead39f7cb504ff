import Testing

@testable import MetiToken

@Suite struct `A token with five seconds left` {
  private let world = World()

  init() {
    world.put(inBoth: .left(5100, "dying"))
    world.clock.pass(100)
  }

  @Test func `is renewed with retries`() {
    world.issuer.next = [.silence, .failure(.trouble())]
    #expect(world.token() == .success("issued-3"))
    #expect(world.clock.pauses.count == 2)
  }

  @Test func `fails the call if that fails`() {
    world.issuer.answer = { _ in .failure(.trouble()) }
    #expect(world.token() == .failure(.issuer(.trouble(), .anna)))
  }
}

@Suite struct `Odd tokens of METI` {
  private let world = World()

  /// Makes a call at every `step`, and returns how many requests that took.
  private func requests(in milliseconds: Int64, step: Int64 = 100) -> Int {
    let end = world.clock.now().later(milliseconds)
    while world.clock.now().boot < end.boot {
      guard case .success = world.token() else { return -1 }
      world.clock.pass(step)
    }
    return world.issuer.asked.count
  }

  @Test(arguments: [(20, 15), (10, 8), (4, 3), (1, 1)] as [(Int64, Int64)])
  func `that live a few seconds are used for three quarters of their life`(
    _ lifetime: Int64, _ used: Int64
  ) {
    world.issuer.answer = { _ in .token(lifetime: lifetime) }
    let expected = Int(60 / used)
    #expect((expected - 2...expected + 15).contains(requests(in: minute)))
  }

  @Test func `that are the same one again, until it ends, cause no storm`() {
    let end = noon.later(hour)
    world.issuer.answer = { [world] _ in
      let left = (end.boot - world.clock.now().boot) / second
      return .token(lifetime: left > 0 ? left : 3600)
    }
    #expect(requests(in: hour, step: second) <= 12)
  }
}
