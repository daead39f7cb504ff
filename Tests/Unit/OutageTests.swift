import Testing

@testable import MetiToken

@Suite struct `An outage a day for a year` {
  private let world = World()
  private var dice = Dice(state: 1)

  private static let answers: [FakeIssuer.Answer] = [
    .failure(.trouble()), .failure(.trouble(retryAfter: 20)), .silence,
    .failure(.trouble(isTransient: false)), .failure(.unusable(reason: "no JSON")),
  ]

  /// Milliseconds until a call does more than hand the token out.
  private var quietTime: Int64 {
    let now = world.clock.now()
    if let cached = world.cache.find(.anna, at: now) { return cached.quietTime(at: now) }
    let stored = Token(stored: Secret(copying: world.store.bodies["token anna@domain.com"] ?? ""))
    return stored?.quietTime(at: now) ?? 0
  }

  /// Calls until `end`, at random times; those that only hand the token out are left out.
  /// - Returns: whether each got a token within four seconds.
  private mutating func calls(until end: Int64) -> Bool {
    while world.clock.now().boot < end {
      let start = world.clock.now().boot
      guard case .success = world.token(), world.clock.now().boot - start < 4 * second else {
        return false
      }
      world.clock.pass(quietTime + Int64.random(in: 1...60, using: &dice) * second)
    }
    return true
  }

  @Test(arguments: [true, false])
  mutating func `fails no call if it is shorter than the refresh window less a minute`(
    _ hasCache: Bool
  ) {
    world.cache.isRefused = !hasCache
    let longest = 15 * minute - 5 * second - minute
    for day in 1...365 as ClosedRange<Int64> {
      // The token may be of any age when METI goes down.
      let start = world.clock.now().boot + Int64.random(in: 0...7200, using: &dice) * second
      let outage = start..<(start + Int64.random(in: second..<longest, using: &dice))
      let answer = Self.answers.randomElement(using: &dice)!
      world.issuer.answer = { [world] _ in
        outage.contains(world.clock.now().boot) ? answer : .token(lifetime: 3600)
      }
      guard calls(until: outage.upperBound + 20 * minute) else {
        Issue.record("day \(day): \(world.clock.now().boot - start) ms into \(outage), \(answer)")
        return
      }
      world.clock.moment = noon.later(day * 24 * hour)
    }
    // A try every 30 seconds of an outage.
    #expect(world.issuer.asked.count < 365 * 30)
  }
}
