import Testing

@testable import MetiToken

@Suite struct `A call that meets trouble` {
  private let world = World()

  @Test func `finds no account if none is stored`() {
    world.store.bodies = [:]
    world.defaults.name = nil
    #expect(world.token() == .failure(.noAccount(anyone)))
  }

  @Test func `finds no account by a name that is not stored`() {
    #expect(world.token(of: .ben) == .failure(.noAccount(.named(.ben))))
    #expect(world.issuer.asked == [])
  }

  @Test func `says that the default account is not stored`() {
    world.store.bodies = [:]
    #expect(world.token() == .failure(.defaultNotStored(.anna)))
    #expect(world.token(of: .anna) == .failure(.noAccount(.named(.anna))))
  }

  @Test(
    arguments: [.noProvider, .locked, .damaged, .notAnswering] as [KeyringError.Kind],
    [hour, 800 * second])
  func `hands out the kernel's token silently though the keyring cannot be read`(
    _ kind: KeyringError.Kind, _ left: Int64
  ) {
    world.put(inKernel: .left(left, "cached"))
    world.store.trouble = { _ in KeyringError(kind) }
    #expect(world.token() == .success("cached"))
    #expect(world.token() == .success("cached"))
    #expect(world.warnings == [])
    #expect(!world.store.calls.contains { $0.hasPrefix("unlock") })
  }

  @Test(arguments: ["find token anna@domain.com", "find credential anna@domain.com"])
  func `changes nothing because something cannot be read`(_ unreadable: String) {
    let before = world.store.bodies
    world.store.trouble = { $0 == unreadable ? KeyringError(.notAnswering) : nil }
    #expect(world.token() == .failure(.keyring(KeyringError(.notAnswering))))
    #expect(world.store.bodies == before)
    #expect(world.store.calls.allSatisfy { $0.hasPrefix("find ") })
    #expect(world.issuer.asked == [])
  }

  @Test func `unlocks a locked keyring without holding the account's lock`() {
    world.put(inKeyring: .issued("stored"))
    world.store.isLocked = true
    world.store.trouble = { [world] call in
      #expect(call != "unlock anna@domain.com" || !world.lock.isHeld)
      return nil
    }
    #expect(world.token() == .success("stored"))
    #expect(world.store.calls[1] == "unlock anna@domain.com")
  }

  @Test func `asks METI once more if the unlocked keyring has no living token`() {
    world.put(inKeyring: .left(second, "stored"))
    world.store.isLocked = true
    #expect(world.token() == .success("issued-1"))
  }

  @Test func `fails if the keyring stays locked`() {
    world.put(inKeyring: .issued("stored"))
    world.store.isLocked = true
    world.store.trouble = { $0.hasPrefix("unlock") ? KeyringError(.locked) : nil }
    #expect(world.token() == .failure(.keyring(KeyringError(.locked))))
    #expect(world.issuer.asked == [])
  }

  @Test(arguments: ["", "garbage", "abc\naccount=anna@domain.com\n"])
  func `renews a token whose item is damaged`(_ body: String) {
    world.store.bodies["token anna@domain.com"] = body
    #expect(world.token() == .success("issued-1"))
    #expect(world.keyring("token anna@domain.com") == "issued-1")
  }

  @Test func `gets a token that the keyring does not store, and a warning`() {
    let full = KeyringError(.notStored, detail: "disk full")
    world.store.trouble = { $0.hasPrefix("store token") ? full : nil }
    #expect(world.token() == .success("issued-1"))
    #expect(world.warnings == [.tokenNotStored(full)])
    #expect(world.kernel == ["anna@domain.com": "issued-1"])
  }

  @Test func `gets an unusable answer once, and stores nothing`() {
    world.issuer.next = [.failure(.unusable(reason: "no token"))]
    #expect(world.token() == .failure(.issuer(.unusable(reason: "no token"), .anna)))
    #expect(world.issuer.asked.count == 1)
    #expect(world.store.calls.allSatisfy { $0.hasPrefix("find ") })
    #expect(world.kernel == [:])
  }

  @Test func `keeps the dying token while METI is in trouble`() {
    world.put(inBoth: .left(4 * second, "dying"))
    world.issuer.answer = { _ in .failure(.trouble()) }
    #expect(world.token() == .failure(.issuer(.trouble(), .anna)))
    #expect(world.keyring("token anna@domain.com") == "dying")
  }

  @Test func `shares the failure of the call that it waited for`() {
    world.holdLock(for: 2 * second) { [world] in
      world.lock.state.backOff = BackOff(
        since: world.clock.now(), pause: 8 * second, reason: "METI is in trouble (HTTP 503)")
    }
    #expect(
      world.token() == .failure(.issuer(.trouble(retryAfter: 8, isTransient: false), .anna)))
    #expect(world.issuer.asked == [])
  }

  @Test func `leaves the other account alone`() {
    world.log(in: .ben)
    world.issuer.answer = { $0.hasPrefix("anna") ? .failure(.rejection) : .token(lifetime: 3600) }
    #expect(world.token() == .failure(.issuer(.rejection, .anna)))
    #expect(world.token(of: .ben) == .success("issued-2"))
  }
}

@Suite struct `A rejected password` {
  private let world = World()
  private let earlier = Rejection(on: 1_767_000_000)

  @Test func `is reported and recorded`() {
    world.issuer.next = [.failure(.rejection)]
    #expect(world.token() == .failure(.issuer(.rejection, .anna)))
    #expect(
      world.store.bodies["credential anna@domain.com"]
        == "secret\ngrant=password\nrejected_on=1767268800\n")
    #expect(world.warnings == [])
  }

  @Test(arguments: [true, false]) func `is not sent again`(_ mustBeNew: Bool) {
    world.log(in: .anna, rejection: earlier)
    world.clock.moment.wall += 1000 * 24 * hour
    #expect(
      world.token(mustBeNew: mustBeNew) == .failure(.rejectedBefore(.anna, earlier)))
    #expect(world.issuer.asked == [])
  }

  @Test func `is sent once by a hundred calls`() {
    world.issuer.answer = { _ in .failure(.rejection) }
    for _ in 0..<100 { _ = world.token() }
    #expect(world.issuer.asked.count == 1)
  }

  @Test func `does not keep a living token from being used`() {
    world.log(in: .anna, rejection: earlier)
    world.put(inKeyring: .issued("stored"))
    #expect(world.token() == .success("stored"))
  }

  @Test func `is replaced by a login`() {
    world.log(in: .anna, rejection: earlier)
    #expect(world.storeUnverified(.anna) == nil)
    #expect(world.token() == .success("issued-1"))
    #expect(world.issuer.asked == ["anna@domain.com new secret"])
  }

  @Test func `is recorded in the lock file if the store cannot`() {
    world.issuer.answer = { _ in .failure(.rejection) }
    world.store.trouble = { $0.hasPrefix("store credential") ? KeyringError(.dismissed) : nil }
    #expect(world.token() == .failure(.issuer(.rejection, .anna)))
    #expect(world.warnings == [])
    _ = world.token()
    #expect(world.issuer.asked.count == 1)
  }

  @Test(arguments: ["new secret\ngrant=password\n", nil])
  func `does not replace what was stored or removed meanwhile`(_ meanwhile: String?) {
    // If nothing can be locked, a login or logout does not wait.
    world.issuer.answer = { [world] _ in
      world.store.bodies["credential anna@domain.com"] = meanwhile
      return .failure(.rejection)
    }
    #expect(world.token() == .failure(.issuer(.rejection, .anna)))
    #expect(world.store.bodies["credential anna@domain.com"] == meanwhile)
  }

  @Test func `leaves the token that is still stored`() {
    world.put(inKeyring: .left(second, "dying"))
    world.issuer.next = [.failure(.rejection)]
    _ = world.token()
    #expect(world.keyring("token anna@domain.com") == "dying")
  }
}

@Suite struct `A rejection that names no reason about the password` {
  private let world = World()

  init() { world.issuer.answer = { _ in .failure(.ambiguous) } }

  /// When METI was asked in a time of one call a minute, in minutes.
  private func askedAt(days: Int64) -> [Int64] {
    var minutes: [Int64] = []
    for number in 0..<(days * 1440) {
      let before = world.issuer.asked.count
      _ = world.token()
      if world.issuer.asked.count > before { minutes.append(number) }
      world.clock.pass(minute)
    }
    return minutes
  }

  private let expected: [Int64] = [0, 60, 300, 1740, 3180]

  @Test func `is retried after one hour, then four, then daily`() {
    #expect(askedAt(days: 3) == expected)
    #expect(world.store.bodies["credential anna@domain.com"]?.hasSuffix("rejections=3\n") == true)
  }

  @Test func `is retried as often if the lock file records it`() {
    world.store.isReadOnly = true
    #expect(askedAt(days: 3) == expected)
  }

  @Test func `heals when METI accepts the password again`() {
    _ = world.token()
    world.issuer.answer = { _ in .token(lifetime: 60) }
    world.clock.pass(hour)
    #expect(world.token() == .success("issued-2"))
    world.clock.pass(hour)
    #expect(world.token() == .success("issued-3"))
  }

  @Test func `counts from one again after two days`() {
    world.log(in: .anna, rejection: Rejection(on: noon.wall / 1000 - 2 * 86_400, ambiguousCount: 3))
    _ = world.token()
    #expect(world.store.bodies["credential anna@domain.com"]?.hasSuffix("rejections=1\n") == true)
  }

  @Test func `is not retried early because the wall clock was set back`() {
    _ = world.token()
    world.clock.moment.wall -= 24 * hour
    _ = world.token()
    #expect(world.issuer.asked.count == 1)
  }

  @Test func `ends in a definite one`() {
    _ = world.token()
    world.clock.pass(hour)
    world.issuer.answer = { _ in .failure(.rejection) }
    _ = world.token()
    world.clock.pass(48 * hour)
    _ = world.token()
    #expect(world.issuer.asked.count == 2)
  }
}
