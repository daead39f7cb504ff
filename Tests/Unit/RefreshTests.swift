import Testing

@testable import MetiToken

/// 800 seconds before its end.
@Suite struct `A token in its refresh window` {
  private let world = World()

  init() { world.put(inBoth: .left(800 * second, "current")) }

  @Test func `is refreshed by one request`() {
    #expect(world.token() == .success("issued-1"))
    #expect(world.token() == .success("issued-1"))
    #expect(world.issuer.asked.count == 1)
    #expect(world.keyring("token anna@domain.com") == "issued-1")
    #expect(world.kernel == ["anna@domain.com": "issued-1"])
    #expect(world.warnings == [])
  }

  @Test func `is handed out at once while another caller holds the lock`() {
    world.lock.isHeld = true
    #expect(world.token() == .success("current"))
    #expect(world.clock.now() == noon)
    #expect(world.issuer.asked == [])
    #expect(world.warnings == [])
  }

  @Test func `is claimed before METI is asked, so that others touch nothing but the cache`() {
    world.issuer.answer = { [world] _ in
      world.store.calls = []
      #expect(world.token() == .success("current"))
      #expect(world.store.calls == [])
      return .token(lifetime: 3600)
    }
    #expect(world.token() == .success("issued-1"))
    #expect(world.issuer.asked.count == 1)
  }

  @Test func `is claimed in the lock file if there is no kernel tier`() {
    world.cache.isRefused = true
    world.issuer.answer = { _ in .failure(.trouble()) }
    for _ in 0..<100 { #expect(world.token() == .success("current")) }
    #expect(world.issuer.asked.count == 1)
  }

  @Test func `is claimed in the kernel if there is no lock file`() {
    world.lock.isFull = true
    world.issuer.answer = { _ in .failure(.trouble()) }
    for _ in 0..<100 { #expect(world.token() == .success("current")) }
    #expect(world.issuer.asked.count == 1)
  }

  @Test(
    arguments: [
      .failure(.trouble()), .failure(.unusable(reason: "no token")), .failure(.rejection), .silence,
    ] as [FakeIssuer.Answer])
  func `is handed out silently if METI gives none`(_ answer: FakeIssuer.Answer) {
    world.issuer.answer = { _ in answer }
    #expect(world.token() == .success("current"))
    #expect(world.issuer.asked.count == 1)
    #expect(world.clock.pauses == [])
    #expect(world.warnings == [])
  }

  @Test func `gives a silent METI three seconds`() {
    world.issuer.answer = { _ in .silence }
    _ = world.token()
    #expect(world.clock.now() == noon.later(3 * second))
  }

  @Test func `gives the keyring no more than three seconds, and the call its rest back`() {
    let (deadline, now) = (world.deadline, world.clock.now())
    var left: Set<Int64> = []
    world.store.trouble = { [clock = world.clock] _ in
      left.insert(deadline.remaining(at: clock.now()))
      return nil
    }
    let token = world.result { () throws(TokenError) in
      text(
        try world.renewal.token(for: TokenRequest(selector: anyone), until: deadline).secret)
    }
    #expect(token == .success("issued-1"))
    #expect(left == [3 * second])
    #expect(deadline.remaining(at: now) == 30 * second)
  }

  @Test func `gives a silent METI no more than the call has`() {
    world.issuer.answer = { _ in .silence }
    #expect(world.token(within: 2 * second) == .success("current"))
    #expect(world.clock.now() == noon.later(2 * second))
  }

  @Test func `rests for thirty seconds after a failure`() {
    world.issuer.next = [.failure(.trouble())]
    _ = world.token()
    world.clock.pass(30 * second - 1)
    #expect(world.token() == .success("current"))
    world.clock.pass(1)
    #expect(world.token() == .success("issued-2"))
  }

  @Test func `rests for as long as METI asks`() {
    world.issuer.next = [.failure(.trouble(retryAfter: 120))]
    _ = world.token()
    world.clock.pass(120 * second - 1)
    #expect(world.token() == .success("current"))
    world.clock.pass(30 * second)
    #expect(world.token() == .success("issued-2"))
  }

  @Test func `is not refreshed while an earlier call backs off`() {
    world.lock.state.backOff = BackOff(since: noon, pause: 8 * second, reason: "trouble")
    #expect(world.token() == .success("current"))
    #expect(world.issuer.asked == [])
    #expect(world.clock.now() == noon)
  }

  @Test func `is replaced by a newer one of the keyring without a request`() {
    world.put(inKeyring: .issued("newer"))
    #expect(world.token() == .success("newer"))
    #expect(world.kernel == ["anna@domain.com": "newer"])
    #expect(world.issuer.asked == [])
  }

  @Test func `is replaced by what another caller has just cached`() {
    world.lock.before = { [world] in world.put(inKernel: .issued("theirs")) }
    #expect(world.token() == .success("theirs"))
    #expect(world.issuer.asked == [])
  }

  @Test func `opens no prompt`() {
    world.issuer.next = [.failure(.rejection)]
    _ = world.token()
    #expect(
      world.store.calls == ["find token anna@domain.com", "find credential anna@domain.com"])
    world.lock.state = LockState()
    world.clock.pass(30 * second)
    _ = world.token()
    #expect(world.store.mayPromptForToken == false)
  }

  @Test func `opens no prompt for a locked keyring`() {
    world.store.isLocked = true
    #expect(world.token() == .success("current"))
    #expect(world.store.calls == ["find token anna@domain.com"])
    #expect(world.warnings == [])
  }

  @Test func `is replaced silently if only the kernel stores the new one`() {
    world.store.trouble = { $0.hasPrefix("store") ? KeyringError(.needsPrompt) : nil }
    #expect(world.token() == .success("issued-1"))
    #expect(world.token() == .success("issued-1"))
    #expect(world.warnings == [])
  }

  @Test func `is not asked for by every call if nothing stores the new one`() {
    world.cache.isRefused = true
    world.store.trouble = { $0.hasPrefix("store") ? KeyringError(.notStored) : nil }
    for _ in 0..<100 { _ = world.token() }
    #expect(world.issuer.asked.count == 1)
  }

  @Test func `is handed out after a rejection, which is recorded`() {
    world.issuer.answer = { _ in .failure(.rejection) }
    for _ in 0..<25 {
      #expect(world.token() == .success("current"))
      world.clock.pass(30 * second)
    }
    world.clock.pass(hour)
    #expect(
      world.token()
        == .failure(.rejectedBefore(.anna, Rejection(on: noon.wall / 1000))))
    #expect(world.issuer.asked.count == 1)
  }

  @Test func `is not refreshed with a password that was rejected before`() {
    world.log(in: .anna, rejection: Rejection(on: 1_767_000_000))
    #expect(world.token() == .success("current"))
    #expect(world.issuer.asked == [])
    #expect(world.warnings == [])
  }

  @Test func `is refreshed also if it is of an earlier boot`() {
    world.cache.bodies = [:]
    world.clock.moment = Moment(wall: noon.wall, boot: second, bootID: "next boot")
    world.issuer.next = [.failure(.trouble())]
    for _ in 0..<10 { #expect(world.token() == .success("current")) }
    #expect(world.issuer.asked.count == 1)
    world.clock.pass(30 * second)
    #expect(world.token() == .success("issued-2"))
  }
}

/// Fifty seconds before its end.
@Suite struct `A token whose renewal is due` {
  private let world = World()

  init() { world.put(inBoth: .left(50 * second, "current")) }

  @Test func `is renewed by one request`() {
    #expect(world.token() == .success("issued-1"))
    #expect(world.warnings == [])
  }

  @Test func `is handed out with a warning if that fails`() {
    world.issuer.answer = { _ in .failure(.trouble()) }
    #expect(world.token() == .success("current"))
    #expect(world.warnings == [.notRenewed(.issuer(.trouble(), .anna))])
    #expect(world.issuer.asked.count == 1)
  }

  @Test func `is handed out with a warning after a rejection`() {
    world.issuer.answer = { _ in .failure(.rejection) }
    #expect(world.token() == .success("current"))
    #expect(world.warnings == [.notRenewed(.issuer(.rejection, .anna))])
  }

  @Test func `is handed out with a warning if the keyring is locked`() {
    world.store.isLocked = true
    #expect(world.token() == .success("current"))
    #expect(world.warnings == [.notRenewed(.keyring(KeyringError(.locked)))])
  }

  @Test func `is waited for while another caller renews it`() {
    world.lock.isHeld = true
    world.clock.after(2 * second) { [world] in world.put(inKernel: .issued("theirs")) }
    #expect(world.token() == .success("theirs"))
    #expect(world.clock.now() == noon.later(2 * second))
    #expect(world.warnings == [])
  }

  @Test func `is waited for without a kernel tier`() {
    world.cache.isRefused = true
    world.holdLock(for: 2 * second) { [world] in
      world.put(inKeyring: .issued("theirs"))
    }
    #expect(world.token() == .success("theirs"))
    #expect(world.issuer.asked == [])
  }

  @Test func `is handed out with a warning if another caller takes longer than three seconds`() {
    world.lock.isHeld = true
    #expect(world.token() == .success("current"))
    #expect(world.clock.now() == noon.later(3 * second))
    #expect(world.warnings == [.notRenewed(.busy)])
  }

  @Test func `spends three seconds on the lock and METI together`() {
    world.holdLock(for: 2 * second)
    world.issuer.answer = { _ in .silence }
    #expect(world.token() == .success("current"))
    #expect(world.clock.now() == noon.later(3 * second))
  }

  @Test func `outlives every attempt`() {
    world.put(inBoth: .left(5001, "current"))
    world.issuer.answer = { _ in .silence }
    #expect(world.token() == .success("current"))
    #expect(world.clock.now() == noon.later(2500))
  }
}
