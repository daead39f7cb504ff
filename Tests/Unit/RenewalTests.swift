import Testing

@testable import MetiToken

@Suite struct `A call` {
  private let world = World()

  @Test func `with a live token in the kernel touches nothing else`() {
    world.put(inKernel: .issued("cached"))
    #expect(world.token() == .success("cached"))
    #expect(world.store.calls == [])
    #expect(world.issuer.asked == [])
    #expect(world.lock.acquired == 0)
  }

  @Test func `with a live token in the keyring does not read the credential`() {
    world.put(inKeyring: .issued("stored"))
    #expect(world.token() == .success("stored"))
    #expect(world.store.calls == ["find token anna@domain.com"])
    #expect(world.issuer.asked == [])
  }

  @Test(arguments: [nil, Account.anna])
  func `refills the kernel from the keyring`(_ account: Account?) {
    world.put(inKeyring: .issued("stored"))
    #expect(world.token(of: account) == .success("stored"))
    #expect(world.kernel == ["anna@domain.com": "stored"])
  }

  @Test func `without the lock caches nothing, and does not wait for it`() {
    world.put(inKeyring: .issued("stored"))
    world.lock.isHeld = true
    #expect(world.token() == .success("stored"))
    #expect(world.kernel == [:])
    #expect(world.clock.now() == noon)
  }

  @Test func `does not put an older token of the keyring over a newer one in the kernel`() {
    world.put(inKeyring: .issued("older", at: noon.later(-hour / 2)))
    world.put(inKernel: .issued("newer"))
    world.issuer.answer = { _ in .failure(.trouble(isTransient: false)) }
    _ = world.token(mustBeNew: true)
    #expect(world.kernel == ["anna@domain.com": "newer"])
  }

  @Test func `with no token anywhere asks METI once and stores the answer in both places`() {
    #expect(world.token() == .success("issued-1"))
    #expect(world.issuer.asked == ["anna@domain.com secret"])
    #expect(world.keyring("token anna@domain.com") == "issued-1")
    #expect(world.kernel == ["anna@domain.com": "issued-1"])
    #expect(world.warnings == [])
  }

  @Test func `reads each item once`() {
    _ = world.token()
    #expect(
      world.store.calls == [
        "find token anna@domain.com", "find credential anna@domain.com",
        "store token anna@domain.com",
      ])
  }

  @Test func `looks into the kernel again under the lock`() {
    world.store.isReadOnly = true
    world.lock.before = { [world] in world.put(inKernel: .issued("theirs")) }
    #expect(world.token() == .success("theirs"))
    #expect(world.issuer.asked == [])
  }

  @Test func `finds under the lock what another process has stored meanwhile`() {
    world.cache.isRefused = true
    world.holdLock(for: 2 * second) { [world] in
      world.put(inKeyring: .issued("theirs"))
    }
    #expect(world.token() == .success("theirs"))
    #expect(world.issuer.asked == [])
  }

  @Test func `stops waiting for the lock when a token is cached`() {
    world.lock.isHeld = true
    world.clock.after(2 * second) { [world] in world.put(inKernel: .issued("theirs")) }
    #expect(world.token() == .success("theirs"))
    #expect(world.lock.acquired == 0)
    #expect(world.issuer.asked == [])
  }

  @Test func `is busy when another process holds the lock to the end of its time`() {
    world.lock.isHeld = true
    #expect(world.token() == .failure(.busy))
    #expect(world.clock.now() == noon.later(30 * second))
    #expect(world.issuer.asked == [])
  }

  @Test func `reports once that it waits for the lock, after a second`() {
    world.lock.isHeld = true
    _ = world.token(within: second)
    #expect(world.waits == [])
    _ = world.token()
    #expect(world.waits == ["waiting for another meti-token that renews the same token"])
  }

  @Test func `releases the lock`() {
    _ = world.token()
    #expect(!world.lock.isHeld)
  }

  @Test func `counts a token's life from before METI was asked`() {
    world.issuer.answer = { [world] _ in
      world.clock.pass(5 * second)
      return .token(lifetime: 100)
    }
    _ = world.token()
    let body = Secret(copying: world.store.bodies["token anna@domain.com"] ?? "")
    #expect(Token(stored: body)?.expiry == noon.later(100 * 1000))
  }

  @Test func `does without the kernel tier`() {
    world.cache.isRefused = true
    #expect(world.token() == .success("issued-1"))
    #expect(world.token() == .success("issued-1"))
    #expect(world.issuer.asked.count == 1)
  }

  @Test func `finds a token that only the kernel tier took`() {
    world.store.isReadOnly = true
    #expect(world.token() == .success("issued-1"))
    #expect(world.token(of: .anna) == .success("issued-1"))
    #expect(world.issuer.asked.count == 1)
  }

  @Test(arguments: [5, -10]) func `is not misled by a step of the wall clock`(_ hours: Int64) {
    _ = world.token()
    world.clock.moment.wall += hours * hour
    #expect(world.token() == .success("issued-1"))
    world.clock.pass(hour)
    #expect(world.token() == .success("issued-2"))
  }

  @Test func `uses a live token of before a restart, and caches it`() {
    world.put(inKeyring: .issued("stored"))
    world.clock.moment = Moment(wall: noon.wall + hour / 2, boot: second, bootID: "next boot")
    #expect(world.token() == .success("stored"))
    world.store.calls = []
    #expect(world.token() == .success("stored"))
    #expect(world.store.calls == [])
  }

  @Test func `does not trust a token with more left than it ever lived`() {
    // It was issued while the wall clock was wrong, and then the machine was started again.
    world.put(inKeyring: .issued("stored"))
    world.clock.moment = Moment(wall: noon.wall - 1001, boot: second, bootID: "next boot")
    #expect(world.token() == .success("issued-1"))
  }
}

@Suite struct `A call for a new token` {
  private let world = World()

  init() { world.put(inBoth: .issued("old", at: noon.later(-1))) }

  @Test func `asks METI though there is a living one`() {
    #expect(world.token(mustBeNew: true) == .success("issued-1"))
    #expect(world.kernel == ["anna@domain.com": "issued-1"])
    #expect(world.keyring("token anna@domain.com") == "issued-1")
  }

  @Test func `takes one that another process got meanwhile`() {
    world.lock.isHeld = true
    // The call notices it a little later.
    world.clock.after(second - 10) { [world] in
      world.put(inKernel: .issued("theirs", at: world.clock.now()))
    }
    #expect(world.token(mustBeNew: true) == .success("theirs"))
    #expect(world.issuer.asked == [])
  }

  @Test func `fails if METI is down, and keeps the living one`() {
    world.issuer.answer = { _ in .failure(.trouble()) }
    #expect(world.token(mustBeNew: true) == .failure(.issuer(.trouble(), .anna)))
    #expect(world.token() == .success("old"))
  }

  @Test func `asks a silent METI again after three seconds`() {
    world.issuer.next = [.silence]
    #expect(world.token(mustBeNew: true) == .success("issued-2"))
    #expect(world.clock.now() == noon.later(3250))
  }

  @Test func `is content with a new token of a short life`() {
    world.issuer.answer = { _ in .token(lifetime: 1) }
    #expect(world.token(mustBeNew: true) == .success("issued-1"))
  }
}

@Suite struct `A call for more validity` {
  private let world = World()

  @Test func `than the kernel's token has left reads the keyring`() {
    world.put(inKernel: .issued("cached", at: noon.later(-hour / 2)))
    world.put(inKeyring: .issued("stored"))
    #expect(world.token(atLeast: 1801) == .success("stored"))
    #expect(world.kernel == ["anna@domain.com": "stored"])
  }

  @Test func `than is left renews the token`() {
    world.put(inBoth: .issued("stored", at: noon.later(-hour / 2)))
    #expect(world.token(atLeast: 1801) == .success("issued-1"))
  }

  @Test func `than is left fails if METI is down`() {
    world.put(inBoth: .issued("stored", at: noon.later(-hour / 2)))
    world.issuer.answer = { _ in .failure(.trouble()) }
    #expect(world.token(atLeast: 1801) == .failure(.issuer(.trouble(), .anna)))
  }

  @Test func `than METI gives gets a token, and a warning`() {
    #expect(world.token(atLeast: 7200) == .success("issued-1"))
    #expect(world.warnings == [.shortLife(seconds: 3600)])
  }

  @Test func `than METI gives does not renew each time`() {
    _ = world.token(atLeast: 7200)
    #expect(world.token(atLeast: 7200) == .success("issued-1"))
    #expect(world.issuer.asked.count == 1)
  }

  @Test func `still refreshes a token in its window`() {
    world.put(inBoth: .left(800 * second, "current"))
    #expect(world.token(atLeast: 60) == .success("issued-1"))
  }

  @Test func `is not answered with a refreshed token that lives less`() {
    world.put(inBoth: .left(800 * second, "current"))
    world.issuer.answer = { _ in .token(lifetime: 700) }
    #expect(world.token(atLeast: 750) == .success("current"))
  }
}
