import Testing

@testable import MetiToken

@Suite struct `A year of outages` {
  private let world = World()

  private static let answers: [FakeIssuer.Answer] = [
    .failure(.trouble()), .failure(.trouble(retryAfter: 20)), .silence,
    .failure(.trouble(isTransient: false)), .failure(.unusable(reason: "no JSON")),
  ]

  @Test(arguments: [true, false])
  func `each shorter than the refresh window less a minute fails no call`(_ hasCache: Bool) {
    var dice = Dice(state: 1)
    var outage: Range<Int64> = 0..<0
    var answer = FakeIssuer.Answer.silence
    world.cache.isRefused = !hasCache
    world.issuer.answer = { [world] _ in
      outage.contains(world.clock.now().boot) ? answer : .token(lifetime: 3600)
    }
    let window = TokenTimes.longestRefreshMargin - TokenTimes.handOutMargin
    var outages = 0
    // Without a cache every call looks, so a month of them is as many.
    let days: Int64 = hasCache ? 365 : 30
    let end = noon.later(days * 24 * hour)
    while world.clock.now().boot < end.boot {
      let now = world.clock.now()
      guard case .success = world.token(), world.clock.now().boot - now.boot < 4 * second
      else {
        Issue.record("a call failed \(now.boot - outage.lowerBound) ms into \(outage)")
        return
      }
      if world.clock.now().boot > outage.upperBound {
        // From one outage to the next there is time to refresh the token.
        let pause = Int64.random(in: 30...720, using: &dice) * minute
        let start = world.clock.now().boot + pause
        outage = start..<(start + Int64.random(in: second..<(window - minute), using: &dice))
        answer = Self.answers.randomElement(using: &dice)!
        outages += 1
      }
      // While nothing is to be done about the token, a call does nothing.
      let token = world.cache.find(.anna, at: world.clock.now())
      let quiet = token?.quietTime(at: world.clock.now()) ?? 0
      world.clock.pass(quiet + Int64.random(in: 1...60, using: &dice) * second)
    }
    #expect(Int64(outages) > 2 * days)
    // 32 a day, and a try every 30 seconds of an outage.
    #expect(world.issuer.asked.count < 34 * Int(days) + outages * 30)
  }
}
