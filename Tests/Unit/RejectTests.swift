import MetiToken
import Testing

@Suite struct `A rejected token` {
  private let world = World()

  init() { world.put(inBoth: .issued("bad")) }

  @Test(arguments: ["bad", nil]) func `is removed everywhere`(_ token: String?) {
    #expect(world.reject(.anna, token) == .success(true))
    #expect(world.kernel == [:])
    #expect(world.keyring("token anna@domain.com") == nil)
  }

  @Test func `leaves the credential and the default`() {
    _ = world.reject(.anna, nil)
    #expect(world.keyring("credential anna@domain.com") == "secret")
    #expect(world.defaults.name == "anna@domain.com")
  }

  @Test(arguments: ["newer", "ba", "bad2", "Bad", ""])
  func `is no other token`(_ token: String) {
    #expect(world.reject(.anna, token) == .success(false))
    #expect(world.kernel == ["anna@domain.com": "bad"])
    #expect(world.keyring("token anna@domain.com") == "bad")
    #expect(!world.store.calls.contains { $0.hasPrefix("remove") })
  }

  @Test func `leaves the newer token of the keyring`() {
    world.put(inKeyring: .issued("newer"))
    #expect(world.reject(.anna, "bad") == .success(true))
    #expect(world.kernel == [:])
    #expect(world.keyring("token anna@domain.com") == "newer")
  }

  @Test func `leaves a token that was renewed while it waited for the lock`() {
    world.holdLock(for: second) { [world] in
      world.put(inBoth: .issued("newer"))
    }
    #expect(world.reject(.anna, "bad") == .success(false))
    #expect(world.keyring("token anna@domain.com") == "newer")
    #expect(world.kernel == ["anna@domain.com": "newer"])
  }

  @Test func `of another account stays, also if it has the same text`() {
    world.put(inBoth: .issued("bad", to: .ben))
    _ = world.reject(.anna, "bad")
    #expect(world.kernel == ["ben@domain.com": "bad"])
  }

  @Test func `may stay in a kernel that refuses access, which is reported`() {
    world.cache.isRefused = true
    #expect(world.reject(.anna, "bad") == .success(true))
    #expect(world.warnings == [.oldTokenCached])
  }

  @Test func `leaves the kernel also if the keyring cannot be read`() {
    world.store.trouble = { $0.hasPrefix("find token") ? KeyringError(.notAnswering) : nil }
    #expect(world.reject(.anna, "bad") == .failure(.keyring(KeyringError(.notAnswering))))
    #expect(world.kernel == [:])
    #expect(world.keyring("token anna@domain.com") == "bad")
  }
}

/// What other processes do between the moment a call reads a token and the one it caches it.
@Suite struct `A token that is discarded meanwhile` {
  private let world = World()

  init() { world.put(inKeyring: .issued("bad")) }

  @Test(arguments: ["find token anna@domain.com", "unlock anna@domain.com"])
  func `by a caller that holds the lock is never cached again`(_ moment: String) {
    world.store.isLocked = moment.hasPrefix("unlock")
    if !world.store.isLocked { world.lock.isHeld = true }
    world.store.trouble = { [world] call in
      guard call == moment else { return nil }
      world.lock.isHeld = true
      world.cache.bodies = [:]
      return nil
    }
    #expect(world.token() == .success("bad"))
    #expect(world.kernel == [:])
  }

  @Test func `cannot be discarded while a call that caches it reads it`() {
    world.store.trouble = { [world] call in
      guard call == "find token anna@domain.com", world.lock.acquired == 1 else { return nil }
      #expect(world.reject(.anna, "bad") == .failure(.busy))
      return nil
    }
    #expect(world.token() == .success("bad"))
    #expect(world.reject(.anna, "bad") == .success(true))
    #expect(world.kernel == [:])
  }

  @Test func `cannot be discarded while a call waits for its successor`() {
    world.issuer.answer = { [world] _ in
      #expect(world.logout(.anna) == .failure(.busy))
      return .token(lifetime: 3600)
    }
    world.clock.pass(second)
    #expect(world.token(mustBeNew: true) == .success("issued-1"))
    #expect(world.logout(.anna) == .success(true))
    #expect(world.kernel == [:])
  }
}
