import MetiToken
import Testing

@Suite struct `The account of a call` {
  private let world = World()

  private func account(_ named: Account? = nil) -> Result<Account, TokenError> {
    world.result { () throws(TokenError) in
      try world.renewal.account(for: named.map { .named($0) } ?? anyone)
    }
  }

  private let noFile = DefaultAccountError.system(path: "/default", errno: 5)

  @Test func `is the default one, whatever the keyring says`() {
    world.log(in: .ben)
    world.store.trouble = { _ in KeyringError(.noProvider) }
    #expect(account() == .success(.anna))
  }

  @Test func `is the one that was named`() {
    #expect(account(.ben) == .success(.ben))
    #expect(world.store.calls == [])
  }

  @Test func `without a default is the only one that is stored`() {
    world.defaults.name = nil
    #expect(account() == .success(.anna))
    #expect(world.warnings == [])
  }

  @Test func `without a default is none of several`() {
    world.log(in: .ben)
    world.defaults.name = nil
    #expect(account() == .failure(.noDefault(["anna@domain.com", "ben@domain.com"])))
  }

  @Test func `is none if nothing is stored`() {
    world.store.bodies = [:]
    world.defaults.name = nil
    #expect(account() == .failure(.noAccount(anyone)))
  }

  @Test func `without a default is behind the lock of the keyring`() {
    world.defaults.name = nil
    world.store.isLocked = true
    #expect(account() == .success(.anna))
    #expect(world.store.calls == ["find accounts", "unlock all", "find accounts"])
  }

  @Test func `is the only stored one, with a warning, if the default cannot be read`() {
    world.defaults.trouble = noFile
    #expect(account() == .success(.anna))
    #expect(world.warnings == [.defaultNotRead(noFile)])
  }

  @Test func `is not guessed among several if the default cannot be read`() {
    world.log(in: .ben)
    world.defaults.trouble = noFile
    #expect(account() == .failure(.noDefault(["anna@domain.com", "ben@domain.com"])))
  }

  @Test func `is looked for once in a call that waits`() {
    world.defaults.trouble = noFile
    world.lock.isHeld = true
    world.clock.after(second) { [world] in world.put(inKernel: .issued("theirs")) }
    #expect(world.token() == .success("theirs"))
    #expect(world.warnings == [.defaultNotRead(noFile)])
  }
}
