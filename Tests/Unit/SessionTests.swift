import MetiToken
import Testing

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

  @Test(arguments: [true, false])
  func `that could not be read again is refused before METI is asked`(isVerified: Bool) {
    // With its grant, and the marks of a rejection that may come later.
    let beside = "\ngrant=password\nrejected_on=9223372036854775807\nrejections=1\n".utf8.count
    let longest = String(repeating: "x", count: StoredBody.longest - beside)
    let error =
      isVerified
      ? world.login(.ben, longest + "x") : .failure(world.storeUnverified(.ben, longest + "x")!)
    #expect(error == .failure(.tooLong(.ben)))
    #expect(world.store.calls == [])
    #expect(world.issuer.asked == [])
    #expect(world.login(.ben, longest) == .success("issued-1"))
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

  @Test func `holds the lock to its end`() {
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
    #expect(makeDefault(.ben) == .noAccount(AccountSelector(.ben)))
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

@Suite struct `A logout` {
  private let world = World()

  init() {
    world.log(in: .ben)
    world.put(inBoth: .issued("token-of-anna"))
    world.put(inBoth: .issued("token-of-ben", to: .ben))
  }

  @Test func `leaves nothing of its account`() {
    #expect(world.logout(.anna) == .success(true))
    #expect(
      world.store.bodies.keys.sorted() == ["credential ben@domain.com", "token ben@domain.com"])
    #expect(world.kernel == ["ben@domain.com": "token-of-ben"])
    #expect(world.defaults.name == nil)
  }

  @Test func `leaves the default to another account`() {
    #expect(world.logout(.ben) == .success(true))
    #expect(world.defaults.name == "anna@domain.com")
    #expect(world.kernel == ["anna@domain.com": "token-of-anna"])
  }

  @Test func `of the token leaves the account`() {
    #expect(world.logout(.anna, tokenOnly: true) == .success(true))
    #expect(world.keyring("token anna@domain.com") == nil)
    #expect(world.keyring("credential anna@domain.com") == "secret")
    #expect(world.defaults.name == "anna@domain.com")
    #expect(world.kernel == ["ben@domain.com": "token-of-ben"])
  }

  @Test func `says if there was nothing to remove`() {
    #expect(world.logout(.named("nobody@domain.com")) == .success(false))
  }

  @Test func `of a token in the kernel alone has removed something`() {
    world.store.bodies = [:]
    #expect(world.logout(.anna, tokenOnly: true) == .success(true))
  }

  @Test(arguments: ["remove token anna@domain.com", "remove credential anna@domain.com"])
  func `fails if something may be left`(_ stuck: String) {
    world.store.trouble = { $0 == stuck ? KeyringError(.locked) : nil }
    #expect(world.logout(.anna) == .failure(.keyring(KeyringError(.locked))))
    #expect(world.defaults.name == "anna@domain.com")
  }

  @Test func `removes the token from the kernel also if the keyring is down`() {
    world.store.trouble = { _ in KeyringError(.noProvider) }
    _ = world.logout(.anna)
    #expect(world.kernel == ["ben@domain.com": "token-of-ben"])
  }

  @Test func `warns if the default stays`() {
    world.defaults.trouble = .noDirectory
    world.defaults.name = "anna@domain.com"
    #expect(world.logout(.anna) == .success(true))
    #expect(world.warnings == [.defaultNotRead(.noDirectory)])
  }

  @Test func `of all leaves nothing, also of what has no account`() {
    world.put(inBoth: .issued("stray", to: .named("nobody@domain.com")))
    #expect(logOutAll() == .success(["anna@domain.com", "ben@domain.com"]))
    #expect(world.store.bodies == [:])
    #expect(world.kernel == [:])
    #expect(world.defaults.name == nil)
  }

  @Test func `of all goes on after a failure, and reports it`() {
    world.store.trouble = { $0 == "remove token anna@domain.com" ? KeyringError(.failed) : nil }
    #expect(logOutAll() == .failure(.keyring(KeyringError(.failed))))
    #expect(world.keyring("credential ben@domain.com") == nil)
    #expect(world.keyring("credential anna@domain.com") == "secret")
    #expect(world.kernel == [:])
  }

  @Test(arguments: [.dismissed, .declined, .unanswered] as [KeyringError.Kind])
  func `of all ends with the first prompt that the user declines`(_ kind: KeyringError.Kind) {
    world.store.trouble = { $0.hasPrefix("remove") ? KeyringError(kind) : nil }
    #expect(logOutAll() == .failure(.keyring(KeyringError(kind))))
    #expect(world.store.calls.filter { $0.hasPrefix("remove") }.count == 1)
  }

  @Test func `of all tokens leaves the accounts`() {
    #expect(logOutAll(tokensOnly: true) == .success(["anna@domain.com", "ben@domain.com"]))
    #expect(
      world.store.bodies.keys.sorted()
        == ["credential anna@domain.com", "credential ben@domain.com"])
    #expect(world.defaults.name == "anna@domain.com")
  }

  private func logOutAll(tokensOnly: Bool = false) -> Result<[String], TokenError> {
    world.result { () throws(TokenError) in
      var names: [String] = []
      try world.renewal.logOutAll(
        at: .standard, tokensOnly: tokensOnly, until: world.deadline
      ) { names.append($0.name) }
      return names
    }
  }
}

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
    world.lock.isHeld = true
    world.clock.after(second) { [world] in
      world.put(inBoth: .issued("newer"))
      world.lock.isHeld = false
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
