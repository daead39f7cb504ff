import Testing

@testable import MetiToken

@Suite struct `A login` {
  private let world = World()

  @Test func `stores the credential and then the token, and sets the default`() {
    #expect(world.login(.ben) == .success("issued-1"))
    #expect(
      world.store.calls == ["store credential ben@domain.com", "store token ben@domain.com"])
    #expect(world.defaults.name == "ben@domain.com")
    #expect(world.kernel == ["ben@domain.com": "issued-1"])
    #expect(world.issuer.asked == ["ben@domain.com new secret"])
  }

  @Test func `asks METI before anything is stored`() {
    world.issuer.answer = { [world] _ in
      #expect(world.store.calls == [])
      #expect(world.defaults.name == "anna@domain.com")
      return .token(lifetime: 3600)
    }
    _ = world.login(.ben)
  }

  @Test func `leaves the other account's token`() {
    world.put(inBoth: .issued("token-of-anna"))
    _ = world.login(.ben)
    #expect(world.kernel["anna@domain.com"] == "token-of-anna")
    #expect(world.token() == .success("issued-1"))
    #expect(world.token(of: .anna) == .success("token-of-anna"))
  }

  @Test(arguments: [
    IssuerError.rejection, .ambiguous, .unusable(reason: "no token"),
    .trouble(isTransient: false),
  ])
  func `that METI does not confirm changes nothing`(_ error: IssuerError) {
    world.put(inKernel: .issued("cached"))
    let before = world.store.bodies
    world.issuer.answer = { _ in .failure(error) }
    #expect(world.login(.ben) == .failure(.issuer(error, .ben)))
    #expect(world.store.bodies == before)
    #expect(world.store.calls == [])
    #expect(world.defaults.name == "anna@domain.com")
    #expect(world.token() == .success("cached"))
  }

  @Test func `clears the mark of a rejection`() {
    world.log(in: .anna, rejection: Rejection(on: 1_767_000_000, ambiguousCount: 2))
    _ = world.login(.anna)
    #expect(world.store.bodies["credential anna@domain.com"] == "new secret\ngrant=password\n")
  }

  @Test func `clears a rejection in the lock file`() {
    world.put(inBoth: .left(800 * second, "current"))
    world.issuer.next = [.failure(.rejection)]
    _ = world.token()
    #expect(!world.lock.state.rejections.isEmpty)
    _ = world.login(.anna)
    #expect(world.lock.state == LockState())
  }

  @Test func `fails if the credential cannot be stored`() {
    world.store.trouble = { $0.hasPrefix("store credential") ? KeyringError(.locked) : nil }
    #expect(world.login(.ben) == .failure(.keyring(KeyringError(.locked))))
    #expect(world.store.calls == ["store credential ben@domain.com"])
    #expect(world.defaults.name == "anna@domain.com")
    #expect(world.kernel == [:])
  }

  @Test func `of a call that needs the token hands it out although nothing can be stored`() {
    world.store.trouble = { $0.hasPrefix("store credential") ? KeyringError(.notStored) : nil }
    #expect(world.login(.ben, mustBeStored: false) == .success("issued-1"))
    #expect(world.warnings == [.accountNotStored(KeyringError(.notStored))])
    #expect(world.kernel == ["ben@domain.com": "issued-1"])
    #expect(world.defaults.name == "anna@domain.com")
    #expect(!world.store.calls.contains { $0.hasPrefix("store token") })
  }

  @Test func `succeeds with a warning if only the token cannot be stored`() {
    world.store.trouble = { $0.hasPrefix("store token") ? KeyringError(.failed) : nil }
    #expect(world.login(.ben) == .success("issued-1"))
    #expect(world.warnings == [.tokenNotStored(KeyringError(.failed))])
  }

  @Test func `succeeds with a warning if the default cannot be written`() {
    world.defaults.trouble = .noDirectory
    #expect(world.login(.ben) == .success("issued-1"))
    #expect(world.warnings == [.defaultNotWritten(.noDirectory)])
  }

  @Test func `waits for the account's lock`() {
    world.lock.isHeld = true
    #expect(world.login(.ben) == .failure(.busy))
    #expect(world.issuer.asked == [])
  }
}

@Suite struct `A login without verification` {
  private let world = World()

  @Test func `stores the credential and the default without asking METI`() {
    #expect(world.storeUnverified(.ben) == nil)
    #expect(world.issuer.asked == [])
    #expect(
      world.store.calls == ["store credential ben@domain.com", "remove token ben@domain.com"])
    #expect(world.defaults.name == "ben@domain.com")
  }

  @Test func `removes the old token, so that the next call shows whether it is right`() {
    world.put(inBoth: .issued("old"))
    _ = world.storeUnverified(.anna)
    world.issuer.next = [.failure(.rejection)]
    #expect(world.token() == .failure(.issuer(.rejection, .anna)))
  }

  @Test func `ends a pause after trouble`() {
    world.lock.state.backOff = BackOff(since: noon, pause: hour, reason: "trouble")
    _ = world.storeUnverified(.anna)
    #expect(world.lock.state == LockState())
  }

  @Test func `holds the lock until it has ended`() {
    world.store.trouble = { [world] call in
      #expect(world.lock.isHeld, "\(call)")
      return nil
    }
    _ = world.storeUnverified(.anna)
  }

  @Test func `leaves the other account's token`() {
    world.put(inBoth: .issued("token-of-anna"))
    _ = world.storeUnverified(.ben)
    #expect(world.kernel == ["anna@domain.com": "token-of-anna"])
    #expect(world.keyring("token anna@domain.com") == "token-of-anna")
  }
}

@Suite struct `A switch` {
  private let world = World()

  private func makeDefault(_ account: Account) -> TokenError? {
    failure { () throws(TokenError) in try world.renewal.makeDefault(account) }
  }

  @Test func `sets the default and leaves all tokens`() {
    world.log(in: .ben)
    world.put(inBoth: .issued("token-of-anna"))
    #expect(makeDefault(.ben) == nil)
    #expect(world.token() == .success("issued-1"))
    #expect(world.token(of: .anna) == .success("token-of-anna"))
  }

  @Test func `to an account that is not stored fails`() {
    #expect(makeDefault(.ben) == .noAccount(.named(.ben)))
    #expect(world.defaults.name == "anna@domain.com")
  }

  @Test func `to a locked account unlocks it`() {
    world.log(in: .ben)
    world.store.isLocked = true
    #expect(makeDefault(.ben) == nil)
    #expect(world.store.calls[1] == "unlock ben@domain.com")
  }

  @Test func `fails if the default cannot be written`() {
    world.defaults.trouble = .noDirectory
    #expect(makeDefault(.anna) == .defaultAccount(.noDirectory))
  }
}
