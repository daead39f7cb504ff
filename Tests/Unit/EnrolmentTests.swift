import MetiToken
import Testing

@Suite struct `A login` {
  private let world = World()

  @Test func `stores the credential, the default and then the token`() {
    #expect(world.login(.ben) == .success("issued-1"))
    #expect(
      world.store.calls == [
        "store credential ben@domain.com", "store default", "find default",
        "store token ben@domain.com",
      ])
    #expect(world.issuer.asked == ["ben@domain.com new secret"])
  }

  @Test func `is asked for with the new password before anything is stored`() {
    world.issuer.answer = { [world] _ in
      #expect(world.store.calls == [])
      return .token(lifetime: 3600)
    }
    _ = world.login(.ben)
  }

  @Test func `makes its account the default in the kernel too`() {
    world.put(inKernel: .issued("token-of-anna"), as: anyone)
    _ = world.login(.ben)
    #expect(world.kernel == ["": "issued-1", "#anna@domain.com": "token-of-anna"])
  }

  @Test func `leaves no other account's token as the default's where the kernel takes no more`() {
    world.put(inKernel: .issued("token-of-anna"), as: anyone)
    world.cache.isFull = true
    _ = world.login(.ben)
    #expect(world.kernel == [:])
    #expect(world.token() == .success("issued-1"))
  }

  @Test(arguments: [
    IssuerError.refusal, .unusable(reason: "no token"), .trouble(isTransient: false),
  ])
  func `that METI does not confirm stores nothing`(_ error: IssuerError) {
    let before = world.store.bodies
    world.issuer.answer = { _ in .failure(error) }
    #expect(world.login(.anna) == .failure(.issuer(error, .anna)))
    #expect(world.store.bodies == before)
    #expect(world.store.calls == [])
    #expect(world.kernel == [:])
  }

  @Test func `that is refused leaves the live token in the kernel`() {
    world.put(inKernel: .issued("kept"), as: anyone)
    world.issuer.next = [.failure(.refusal)]
    _ = world.login(.anna)
    #expect(world.token() == .success("kept"))
  }

  @Test(arguments: [true, false])
  func `that could not be read again is refused before anybody is asked`(isVerified: Bool) {
    // With its grant, and the mark of a refusal that may come later.
    let beside = "\ngrant=password\nrefused_on=1767268800\n".utf8.count
    let longest = String(repeating: "x", count: StoredBody.longest - beside)
    #expect(
      world.login(.ben, longest + "x", isVerified: isVerified) == .failure(.tooLong(.ben)))
    #expect(world.store.calls == [])
    #expect(world.issuer.asked == [])
    #expect(world.login(.ben, longest) == .success("issued-1"))
  }

  @Test func `clears the mark of a refusal`() {
    world.log(in: .anna, refusedOn: 1_767_000_000)
    _ = world.login(.anna)
    #expect(world.store.bodies["credential anna@domain.com"] == "new secret\ngrant=password\n")
  }

  @Test func `fails where the credential cannot be stored`() {
    world.store.trouble = { $0.hasPrefix("store credential") ? KeyringError(.locked) : nil }
    #expect(world.login(.ben) == .failure(.keyring(KeyringError(.locked))))
    #expect(world.store.calls == ["store credential ben@domain.com"])
    #expect(world.kernel == [:])
  }

  @Test(arguments: ["store credential ben@domain.com", "store default"])
  func `for a call that is after the token hands it out where nothing can be stored`(
    refused: String
  ) {
    world.put(inKernel: .issued("token-of-anna"), as: anyone)
    world.store.trouble = { $0 == refused ? KeyringError(.notStored) : nil }
    #expect(world.login(.ben, mustBeKept: false) == .success("issued-1"))
    #expect(world.warnings == [.accountNotKept(KeyringError(.notStored))])
    #expect(world.kernel == ["#anna@domain.com": "token-of-anna", "#ben@domain.com": "issued-1"])
    #expect(!world.store.calls.contains { $0.hasPrefix("store token") })
    #expect(world.token(of: .ben) == .success("issued-1"))
  }

  @Test func `that makes the only account one of two leaves none as the default's`() {
    world.store.bodies["default"] = nil
    _ = world.token()
    world.store.trouble = { $0 == "store default" ? KeyringError(.failed) : nil }
    #expect(world.login(.ben) == .failure(.keyring(KeyringError(.failed))))
    #expect(world.token() == .failure(.noDefault(["anna@domain.com", "ben@domain.com"])))
  }

  @Test func `goes well with a warning where only the token cannot be stored`() {
    world.store.trouble = { $0.hasPrefix("store token") ? KeyringError(.failed) : nil }
    #expect(world.login(.ben) == .success("issued-1"))
    #expect(world.warnings == [.tokenNotKept(KeyringError(.failed))])
  }

  @Test func `waits for the account's lock`() {
    world.lock.isStuck = true
    #expect(world.login(.ben) == .failure(.busy))
    #expect(world.issuer.asked == [])
  }
}

@Suite struct `A login without verification` {
  private let world = World()

  @Test func `asks nobody and stores the credential and the default`() {
    #expect(world.login(.ben, isVerified: false) == .success(""))
    #expect(world.issuer.asked == [])
    #expect(
      world.store.calls == [
        "store credential ben@domain.com", "store default", "remove token ben@domain.com",
      ])
  }

  @Test func `drops the old token, so that the next call shows whether it is good`() {
    world.put(inKernel: .issued("kept"), as: anyone)
    world.put(inKernel: .issued("kept"), as: AccountSelector(.anna))
    world.put(inKeyring: .issued("stored"))
    _ = world.login(.anna, isVerified: false)
    world.issuer.next = [.failure(.refusal)]
    #expect(world.token() == .failure(.issuer(.refusal, .anna)))
    #expect(world.token(of: .anna) == .failure(.refusedBefore(.anna, on: noon.wall / 1000)))
  }

  @Test func `leaves the other account's own token`() {
    world.put(inKernel: .issued("token-of-anna"), as: AccountSelector(.anna))
    world.put(inKeyring: .issued("token-of-anna"))
    _ = world.login(.ben, isVerified: false)
    #expect(world.kernel == ["#anna@domain.com": "token-of-anna"])
    #expect(world.keyring("token anna@domain.com") == "token-of-anna")
  }
}

@Suite struct `A logout` {
  private let world = World()

  init() {
    world.log(in: .ben)
    world.put(inKeyring: .issued("token-of-anna"))
    world.put(inKeyring: .issued("token-of-ben", to: .ben))
    world.put(inKernel: .issued("token-of-anna"), as: AccountSelector(.anna))
    world.put(inKernel: .issued("token-of-ben", to: .ben), as: AccountSelector(.ben))
    world.put(inKernel: .issued("token-of-anna"), as: anyone)
  }

  @Test func `leaves nothing of its account`() {
    #expect(world.logout(.anna) == .success(true))
    #expect(
      world.store.bodies.keys.sorted() == ["credential ben@domain.com", "token ben@domain.com"])
    #expect(world.kernel == ["#ben@domain.com": "token-of-ben"])
  }

  @Test func `leaves the default and its key to another account`() {
    #expect(world.logout(.ben) == .success(true))
    #expect(world.store.bodies["default"] == "anna@domain.com")
    #expect(world.kernel == ["": "token-of-anna", "#anna@domain.com": "token-of-anna"])
  }

  @Test func `of the token leaves the account`() {
    #expect(world.logout(.anna, tokenOnly: true) == .success(true))
    #expect(world.keyring("token anna@domain.com") == nil)
    #expect(world.keyring("credential anna@domain.com") == "secret")
    #expect(world.store.bodies["default"] == "anna@domain.com")
    #expect(world.kernel == ["#ben@domain.com": "token-of-ben"])
  }

  @Test func `of what is not there says so`() {
    #expect(world.logout(.named("nobody@domain.com")) == .success(false))
  }

  @Test func `of a token in the kernel alone has removed something`() {
    world.store.bodies = [:]
    #expect(world.logout(.anna, tokenOnly: true) == .success(true))
  }

  @Test(arguments: [
    "remove token anna@domain.com", "remove credential anna@domain.com", "remove default",
  ])
  func `claims nothing where something may be left`(_ stuck: String) {
    world.store.trouble = { $0 == stuck ? KeyringError(.locked) : nil }
    #expect(world.logout(.anna) == .failure(.keyring(KeyringError(.locked))))
  }

  @Test func `takes the token out of the kernel even where the keyring is down`() {
    world.store.trouble = { _ in KeyringError(.noBus) }
    _ = world.logout(.anna)
    #expect(world.kernel == ["#ben@domain.com": "token-of-ben"])
  }
}

@Suite struct `A rejection` {
  private let world = World()

  init() {
    world.put(inKeyring: .issued("bad"))
    world.put(inKernel: .issued("bad"), as: AccountSelector(.anna))
    world.put(inKernel: .issued("bad"), as: anyone)
  }

  @Test(arguments: ["bad", nil])
  func `forgets the token everywhere`(_ token: String?) {
    #expect(world.reject(.anna, token) == .success(true))
    #expect(world.kernel == [:])
    #expect(world.keyring("token anna@domain.com") == nil)
  }

  @Test func `keeps the credential and the default`() {
    _ = world.reject(.anna, nil)
    #expect(world.keyring("credential anna@domain.com") == "secret")
    #expect(world.store.bodies["default"] == "anna@domain.com")
  }

  @Test(arguments: ["newer", "ba", "bad2", "Bad", ""])
  func `leaves any other token`(_ token: String) {
    #expect(world.reject(.anna, token) == .success(false))
    #expect(world.kernel == ["": "bad", "#anna@domain.com": "bad"])
    #expect(world.keyring("token anna@domain.com") == "bad")
    #expect(!world.store.calls.contains { $0.hasPrefix("remove") })
  }

  @Test func `leaves the newer token of the keyring and drops the old one of the kernel`() {
    world.put(inKeyring: .issued("newer"))
    #expect(world.reject(.anna, "bad") == .success(true))
    #expect(world.kernel == [:])
    #expect(world.keyring("token anna@domain.com") == "newer")
  }

  @Test func `leaves a token that was renewed while it waited for the lock`() {
    world.store.readAhead = world.store.bodies.filter { $0.key.hasPrefix("token") }
    world.put(inKeyring: .issued("newer"))
    #expect(world.reject(.anna, "bad") == .success(true))
    #expect(world.keyring("token anna@domain.com") == "newer")
  }

  @Test func `leaves the default's key where that is another account's`() {
    world.put(inKernel: .issued("token-of-ben", to: .ben), as: anyone)
    _ = world.reject(.anna, nil)
    #expect(world.kernel == ["": "token-of-ben"])
  }

  @Test func `leaves another account's token, though it has the same text`() {
    world.put(inKernel: .issued("bad", to: .ben), as: anyone)
    _ = world.reject(.anna, "bad")
    #expect(world.kernel == ["": "bad"])
  }

  @Test func `removes nothing because the keyring cannot be read`() {
    world.store.trouble = { $0.hasPrefix("find token") ? KeyringError(.damaged) : nil }
    #expect(world.reject(.anna, "bad") == .failure(.keyring(KeyringError(.damaged))))
    #expect(world.keyring("token anna@domain.com") == "bad")
  }
}
