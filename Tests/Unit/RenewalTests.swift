import MetiToken
import Testing

@Suite struct `A call` {
  private let world = World()

  @Test func `with a live token in the kernel asks nobody else`() {
    world.put(inKernel: .issued("kept"), as: anyone)
    #expect(world.token() == .success("kept"))
    #expect(world.store.calls == [])
    #expect(world.issuer.asked == [])
    #expect(world.lock.acquired == 0)
  }

  @Test func `with a live token in the keyring does not read the credential`() {
    world.put(inKeyring: .issued("stored"))
    #expect(world.token() == .success("stored"))
    #expect(world.store.calls == ["find default", "find token anna@domain.com"])
    #expect(world.issuer.asked == [])
    #expect(world.lock.acquired == 0)
  }

  @Test func `refills the kernel from the keyring`() {
    world.put(inKeyring: .issued("stored"))
    _ = world.token()
    #expect(world.kernel == ["": "stored"])
  }

  @Test func `for a named account leaves the default's key alone`() {
    world.put(inKeyring: .issued("stored"))
    #expect(world.token(of: .anna) == .success("stored"))
    #expect(world.kernel == ["#anna@domain.com": "stored"])
  }

  @Test func `with no token anywhere asks METI once and keeps the answer in both tiers`() {
    #expect(world.token() == .success("issued-1"))
    #expect(world.issuer.asked == ["anna@domain.com secret"])
    #expect(world.keyring("token anna@domain.com") == "issued-1")
    #expect(world.kernel == ["": "issued-1"])
    #expect(world.warnings == [])
  }

  @Test func `looks again under the lock before it asks METI`() {
    _ = world.token()
    #expect(
      world.store.calls == [
        "find default", "find token anna@domain.com", "find token anna@domain.com",
        "find credential anna@domain.com", "store token anna@domain.com",
      ])
  }

  @Test func `finds under the lock what another process has stored meanwhile`() {
    world.cache.isRefused = true
    world.lock.meanwhile = { [world] in world.put(inKeyring: .issued("theirs")) }
    #expect(world.token() == .success("theirs"))
    #expect(world.issuer.asked == [])
  }

  @Test func `stops waiting for the lock when the kernel tier is filled`() {
    world.lock.meanwhile = { [world] in world.put(inKernel: .issued("theirs"), as: anyone) }
    #expect(world.token() == .success("theirs"))
    #expect(world.lock.acquired == 0)
    #expect(world.issuer.asked == [])
  }

  @Test func `counts a token's life from before METI was asked`() {
    world.issuer.answer = { [world] _ in
      world.clock.pause(5 * second)
      return .token(lifetime: 100)
    }
    _ = world.token()
    let expiry = Token(stored: Secret(copying: world.store.bodies["token anna@domain.com"] ?? ""))?
      .expiry
    #expect(expiry == Expiry(lifetime: 100, from: noon))
  }

  @Test func `renews a token inside the margin`() {
    world.put(inKernel: .issued("kept"), as: anyone)
    world.put(inKeyring: .issued("stored"))
    world.clock.moment = noon.later(hour - 60 * second)
    #expect(world.token() == .success("issued-1"))
  }

  @Test func `keeps a token just outside the margin`() {
    world.put(inKernel: .issued("kept"), as: anyone)
    world.clock.moment = noon.later(hour - 60 * second - 1)
    #expect(world.token() == .success("kept"))
  }

  @Test func `that asks for more validity goes on to the next tier`() {
    world.put(inKernel: .issued("kept", at: noon.later(-hour / 2)), as: anyone)
    world.put(inKeyring: .issued("stored"))
    #expect(world.token(atLeast: 1801) == .success("stored"))
  }

  @Test func `that asks for more validity than is left renews`() {
    world.put(inKeyring: .issued("stored", at: noon.later(-hour / 2)))
    #expect(world.token(atLeast: 1801) == .success("issued-1"))
  }

  @Test func `that asks for more than METI gives is told so and gets a token`() {
    #expect(world.token(atLeast: 7200) == .success("issued-1"))
    #expect(world.warnings == [.shortLife(seconds: 3600)])
  }

  @Test func `that asks for more than METI gives does not renew for ever`() {
    _ = world.token(atLeast: 7200)
    #expect(world.token(atLeast: 7200) == .success("issued-1"))
    #expect(world.issuer.asked.count == 1)
  }

  @Test func `with tokens of thirty seconds uses each for half its life`() {
    world.issuer.answer = { _ in .token(lifetime: 30) }
    _ = world.token()
    world.clock.moment = noon.later(14 * second)
    #expect(world.token() == .success("issued-1"))
    world.clock.moment = noon.later(15 * second)
    #expect(world.token() == .success("issued-2"))
    #expect(world.warnings == [])
  }

  @Test func `that wants a new token asks METI though there are live ones`() {
    world.put(inKernel: .issued("kept", at: noon.later(-1)), as: anyone)
    world.put(inKeyring: .issued("stored", at: noon.later(-1)))
    #expect(world.token(mustBeNew: true) == .success("issued-1"))
    #expect(world.kernel == ["": "issued-1"])
    #expect(world.keyring("token anna@domain.com") == "issued-1")
  }

  @Test func `that wants a new token takes one that another process got meanwhile`() {
    world.put(inKernel: .issued("kept", at: noon.later(-1)), as: anyone)
    world.lock.meanwhile = { [world] in
      world.clock.pause(second)
      world.put(inKernel: .issued("theirs", at: world.clock.now()), as: anyone)
    }
    #expect(world.token(mustBeNew: true) == .success("theirs"))
    #expect(world.issuer.asked == [])
  }

  @Test func `does without the kernel tier`() {
    world.cache.isRefused = true
    #expect(world.token() == .success("issued-1"))
    #expect(world.token() == .success("issued-1"))
    #expect(world.issuer.asked.count == 1)
  }

  @Test func `is not misled by a step of the wall clock`() {
    _ = world.token()
    world.clock.moment.wall += 5 * hour
    #expect(world.token() == .success("issued-1"))
    world.clock.moment.wall -= 10 * hour
    #expect(world.token() == .success("issued-1"))
    world.clock.moment = world.clock.moment.later(hour)
    #expect(world.token() == .success("issued-2"))
  }

  @Test func `uses a live token of before a restart`() {
    world.put(inKeyring: .issued("stored"))
    world.clock.moment = Moment(wall: noon.wall + hour / 2, boot: second, bootID: "next boot")
    #expect(world.token() == .success("stored"))
  }

  @Test func `does not trust a token with more left than it ever lived`() {
    // It was issued while the wall clock was wrong, and then the machine was started again.
    world.put(inKeyring: .issued("stored"))
    world.clock.moment = Moment(wall: noon.wall - 1001, boot: second, bootID: "next boot")
    #expect(world.token() == .success("issued-1"))
  }
}

@Suite struct `The account of a call` {
  private let world = World()

  private func account(_ name: String?) -> Result<Account, TokenError> {
    do throws(TokenError) {
      return .success(
        try world.renewal.account(for: AccountSelector(api: .standard, name: name)))
    } catch {
      return .failure(error)
    }
  }

  @Test func `is the default one`() {
    world.log(in: .ben)
    #expect(account(nil) == .success(.anna))
  }

  @Test func `is the one that was named, which asks nobody`() {
    #expect(account("ben@domain.com") == .success(.ben))
    #expect(world.store.calls == [])
  }

  @Test func `without a default is the only one`() {
    world.store.bodies = [:]
    world.log(in: .ben)
    #expect(account(nil) == .success(.ben))
  }

  @Test func `without a default is none of several`() {
    world.log(in: .ben)
    world.store.bodies["default"] = nil
    #expect(account(nil) == .failure(.noDefault(["anna@domain.com", "ben@domain.com"])))
  }

  @Test func `is none where nothing is stored`() {
    world.store.bodies = [:]
    #expect(account(nil) == .failure(.noAccount(anyone)))
  }

  @Test(arguments: ["", "a b", String(repeating: "a", count: 300)])
  func `is none where the name cannot be one`(_ name: String) {
    #expect(
      account(name) == .failure(.noAccount(AccountSelector(api: .standard, name: name))))
  }

  @Test func `is not guessed when the default cannot be read`() {
    world.store.trouble = { $0 == "find default" ? KeyringError(.locked) : nil }
    #expect(account(nil) == .failure(.keyring(KeyringError(.locked))))
    #expect(world.store.calls == ["find default"])
  }
}
