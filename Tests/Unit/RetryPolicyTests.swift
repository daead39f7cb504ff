import Testing

@testable import MetiToken

extension World {
  /// A token by the retry policy, for a call that holds the lock.
  func issue(
    within milliseconds: Int64 = 30 * second, since start: Moment? = nil, firstLimit: Int64? = nil
  ) -> Result<String, IssuerError> {
    let policy = RetryPolicy(
      clock: clock, held: FakeHeldLock(lock), wait: { [self] in waits.append($0) })
    let now = clock.now()
    do throws(IssuerError) {
      let token = try policy.issue(
        from: issuer, for: .password("secret"), since: start ?? now,
        until: Deadline(milliseconds, from: now), firstLimit: firstLimit)
      return .success(text(token.secret))
    } catch {
      return .failure(error)
    }
  }
}

@Suite struct `METI in trouble` {
  private let world = World()

  private func answers(_ answers: FakeIssuer.Answer...) { world.issuer.next = answers }
  private var asked: Int { world.issuer.asked.count }
  private var pauses: [Int64] { world.clock.pauses }
  private var backOff: BackOff? { world.lock.state.backOff }

  @Test func `that passes is not noticed`() {
    answers(.failure(.trouble()), .failure(.trouble()), .failure(.trouble()))
    #expect(world.issue() == .success("issued-4"))
    #expect(backOff == nil)
  }

  @Test func `is asked four times with pauses that double`() {
    world.issuer.answer = { _ in .failure(.trouble()) }
    #expect(world.issue() == .failure(.trouble()))
    #expect(asked == 4)
    #expect(pauses == [250, 500, 1000])
  }

  @Test(
    arguments: [
      (0, [250, 500, 1000]), (0.5, [375, 750, 1500]), (0.999_999_999, [499, 999, 1999]),
    ] as [(Double, [Int64])])
  func `is given between half a pause and all of it`(_ jitter: Double, _ expected: [Int64]) {
    world.clock.jitter = jitter
    world.issuer.answer = { _ in .failure(.trouble()) }
    _ = world.issue()
    #expect(pauses == expected)
  }

  @Test func `is given the time that it asks for`() {
    answers(.failure(.trouble(retryAfter: 7)))
    #expect(world.issue() == .success("issued-2"))
    #expect(pauses == [7 * second])
  }

  @Test func `is reported when a pause is longer than a second`() {
    answers(.failure(.trouble()), .failure(.trouble(retryAfter: 7)))
    _ = world.issue()
    #expect(world.waits == ["retrying in 7 seconds"])
  }

  @Test func `is given our own pause if it asks for less`() {
    world.clock.jitter = 0.999_999_999
    answers(
      .failure(.trouble(retryAfter: 1)), .failure(.trouble(retryAfter: 1)),
      .failure(.trouble(retryAfter: 1)))
    _ = world.issue()
    #expect(pauses == [second, second, 1999])
  }

  @Test(arguments: [30, 31, 3600])
  func `that asks for more time than the call has ends the call at once`(_ seconds: Int64) {
    answers(.failure(.trouble(retryAfter: seconds)))
    #expect(world.issue() == .failure(.trouble(retryAfter: seconds)))
    #expect(pauses == [])
    #expect(
      backOff
        == BackOff(since: noon, pause: seconds * second, reason: "METI is in trouble (HTTP 503)"))
  }

  @Test(arguments: [3601, 86400, Int64.max])
  func `that asks for absurdly long gets an hour`(_ seconds: Int64) {
    answers(.failure(.trouble(retryAfter: seconds)))
    _ = world.issue()
    #expect(backOff?.pause == hour)
    #expect(backOff?.remaining(at: noon) == hour)
  }

  @Test(arguments: [0, -1, Int64.min])
  func `that asks for no time at all has asked for none`(_ seconds: Int64) {
    world.issuer.answer = { _ in .failure(.trouble(retryAfter: seconds)) }
    _ = world.issue()
    #expect(pauses == [250, 500, 1000])
    #expect(backOff?.pause == 8 * second)
  }

  @Test func `is not asked again when the pause would pass the deadline`() {
    world.issuer.answer = { _ in .failure(.trouble()) }
    #expect(world.issue(within: 750) == .failure(.trouble()))
    #expect(asked == 2)
    #expect(pauses == [250])
  }

  @Test func `is not asked again when answering took all the time`() {
    world.issuer.answer = { [world] _ in
      world.clock.pass(30 * second)
      return .failure(.trouble())
    }
    _ = world.issue()
    #expect(asked == 1)
    #expect(pauses == [])
  }

  @Test func `that will not pass is met once`() {
    answers(.failure(.trouble(isTransient: false)))
    #expect(world.issue() == .failure(.trouble(isTransient: false)))
    #expect(asked == 1)
    #expect(pauses == [])
  }

  @Test func `that will not pass leaves no pause`() {
    answers(.failure(.trouble(isTransient: false)))
    _ = world.issue()
    #expect(backOff?.remaining(at: world.clock.now()) ?? 0 == 0)
  }

  private let timeIsOver = IssuerError.outOfTime(reason: "no answer in time")

  @Test func `is neither a rejection nor the end of a caller's time`() {
    for (answer, error) in [
      (FakeIssuer.Answer.failure(.rejection), IssuerError.rejection), (.silence, timeIsOver),
    ] {
      answers(answer)
      #expect(world.issue() == .failure(error))
      #expect(backOff == nil)
    }
    #expect(asked == 2)
  }

  @Test func `is a time for the connection that is over while the call has more`() {
    answers(.failure(timeIsOver))
    #expect(world.issue() == .success("issued-2"))
    #expect(pauses == [250])
  }

  @Test func `is not the end of a caller's time a little early`() {
    answers(.failure(timeIsOver))
    #expect(world.issue(within: 100) == .failure(timeIsOver))
    #expect(backOff == nil)
  }

  @Test func `is still known after a call without time`() {
    let pause = BackOff(since: noon.later(-9 * second), pause: 8 * second, reason: "trouble")
    world.lock.state.backOff = pause
    answers(.silence)
    #expect(world.issue() == .failure(timeIsOver))
    #expect(backOff == pause)
  }

  @Test func `is not what a call with time meets behind one without`() {
    answers(.silence)
    let start = world.clock.now()
    #expect(world.issue(within: second, since: start) != .success("issued-1"))
    #expect(world.issue(since: start) == .success("issued-2"))
    #expect(pauses == [])
  }

  @Test func `that ends in a rejection is a rejection`() {
    answers(.failure(.trouble()), .failure(.rejection))
    #expect(world.issue() == .failure(.rejection))
    #expect(asked == 2)
  }

  @Test func `leaves a pause of eight seconds after the last attempt`() {
    world.issuer.answer = { _ in .failure(.trouble()) }
    _ = world.issue()
    #expect(
      backOff
        == BackOff(
          since: noon.later(1750), pause: 8 * second, reason: "METI is in trouble (HTTP 503)"))
  }

  @Test func `is waited out by the next call`() {
    world.lock.state.backOff = BackOff(
      since: noon.later(-3 * second), pause: 8 * second, reason: "trouble")
    #expect(world.issue() == .success("issued-1"))
    #expect(pauses == [5 * second])
  }

  @Test func `is forgotten after a success`() {
    world.lock.state.backOff = BackOff(since: noon, pause: second, reason: "trouble")
    world.clock.moment = noon.later(2 * second)
    #expect(world.issue() == .success("issued-1"))
    #expect(pauses == [])
    #expect(backOff == nil)
  }

  @Test func `is forgotten after a restart of the machine`() {
    world.lock.state.backOff = BackOff(since: noon, pause: hour, reason: "trouble")
    world.clock.moment = Moment(wall: noon.wall + second, boot: second, bootID: "next boot")
    #expect(world.issue() == .success("issued-1"))
    #expect(pauses == [])
  }

  @Test func `is shared by a call that has less time than the pause`() {
    world.lock.state.backOff = BackOff(
      since: noon.later(-second), pause: 8 * second, reason: "METI is in trouble (HTTP 503)")
    #expect(
      world.issue(within: 7 * second) == .failure(.trouble(retryAfter: 7, isTransient: false)))
    #expect(asked == 0)
    #expect(pauses == [])
  }

  @Test(arguments: [nil, 0, 1] as [Int64?])
  func `is asked four times by a hundred calls at once`(_ retryAfter: Int64?) {
    world.issuer.answer = { _ in .failure(.trouble(retryAfter: retryAfter)) }
    let start = world.clock.now()
    for _ in 0..<100 {
      // All began together; the lock lets one in after the other.
      guard case .failure(.unavailable(let reason, _, _, _)) = world.issue(since: start) else {
        Issue.record("there is a token")
        return
      }
      #expect(reason == "METI is in trouble (HTTP 503)")
    }
    #expect(asked == 4)
  }

  @Test func `is asked once by a hundred calls with little time in one pause`() {
    world.issuer.answer = { _ in .failure(.trouble(retryAfter: 60)) }
    for _ in 0..<100 {
      _ = world.issue(within: 8 * second)
      world.clock.pass(500)
    }
    #expect(asked == 1)
  }
}

@Suite struct `METI that says nothing` {
  private let world = World()

  @Test func `takes all the time of a call`() {
    world.issuer.next = [.silence]
    #expect(world.issue() == .failure(.outOfTime(reason: "no answer in time")))
    #expect(world.clock.now() == noon.later(30 * second))
  }

  @Test func `is asked again after the limit of the first attempt`() {
    world.issuer.next = [.silence]
    #expect(world.issue(firstLimit: 3 * second) == .success("issued-2"))
    #expect(world.clock.now() == noon.later(3250))
  }

  @Test func `gets more time to connect in every attempt`() {
    world.issuer.answer = { _ in .failure(.trouble()) }
    _ = world.issue()
    #expect(world.issuer.connectLimits == [10_000, 20_000, 40_000, 80_000])
  }
}
