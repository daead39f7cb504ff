import MetiToken
import Testing

@Suite struct `A call that meets trouble` {
  private let world = World()

  @Test func `finds no account where none is stored`() {
    world.store.bodies = [:]
    #expect(world.token() == .failure(.noAccount(anyone)))
    #expect(world.cache.cleared == [anyone.keyDescription])
  }

  @Test func `finds no account by a name that is not stored`() {
    #expect(world.token(of: .ben) == .failure(.noAccount(AccountSelector(.ben))))
    #expect(world.cache.cleared == [AccountSelector(.ben).keyDescription])
    #expect(world.issuer.asked == [])
  }

  @Test func `finds no account where the default is not stored`() {
    world.store.bodies["credential anna@domain.com"] = nil
    #expect(world.token() == .failure(.noAccount(AccountSelector(.anna))))
  }

  @Test func `is told when several accounts are stored and none is the default`() {
    world.log(in: .ben)
    world.store.bodies["default"] = nil
    #expect(
      world.token() == .failure(.noDefault(["anna@domain.com", "ben@domain.com"])))
  }

  @Test func `hands out the kernel's token though the keyring is down`() {
    world.put(inKernel: .issued("kept"), as: anyone)
    world.store.trouble = { _ in KeyringError(.noBus) }
    #expect(world.token() == .success("kept"))
  }

  @Test(arguments: [
    "find default", "find token anna@domain.com", "find credential anna@domain.com",
  ])
  func `changes nothing because something cannot be read`(_ unreadable: String) {
    let before = world.store.bodies
    world.store.trouble = { $0 == unreadable ? KeyringError(.notAnswering) : nil }
    #expect(world.token() == .failure(.keyring(KeyringError(.notAnswering))))
    #expect(world.store.bodies == before)
    #expect(world.cache.cleared == [anyone.keyDescription])
    #expect(world.store.calls.allSatisfy { $0.hasPrefix("find ") })
    #expect(world.issuer.asked == [])
  }

  @Test(arguments: [KeyringError.Kind.damaged, .vanished])
  func `gets past a default that cannot be read, to the only account`(kind: KeyringError.Kind) {
    world.put(inKeyring: .issued("stored"))
    world.store.trouble = { $0 == "find default" ? KeyringError(kind) : nil }
    #expect(world.token() == .success("stored"))
    #expect(world.warnings == [.defaultNotRead(KeyringError(kind))])
  }

  @Test func `does not choose among several where the default cannot be read`() {
    world.log(in: .ben)
    world.store.trouble = { $0 == "find default" ? KeyringError(.damaged) : nil }
    #expect(world.token() == .failure(.noDefault(["anna@domain.com", "ben@domain.com"])))
  }

  @Test func `gets past a token that is stored and cannot be read`() {
    let damaged = KeyringError(.damagedToken(of: "anna@domain.com"))
    world.store.trouble = { $0.hasSuffix("token anna@domain.com") ? damaged : nil }
    #expect(world.token() == .success("issued-1"))
    #expect(world.warnings == [.tokenNotKept(damaged)])
    #expect(world.kernel == ["": "issued-1"])
  }

  @Test func `looks no further where the keyring can read nothing`() {
    world.store.trouble = { $0.hasPrefix("find token") ? KeyringError(.damaged) : nil }
    #expect(world.token() == .failure(.keyring(KeyringError(.damaged))))
    #expect(world.store.calls.allSatisfy { $0.hasPrefix("find ") })
  }

  @Test(arguments: ["", "garbage", "abc\naccount=anna@domain.com\n"])
  func `renews a token whose body is damaged`(_ body: String) {
    world.store.bodies["token anna@domain.com"] = body
    #expect(world.token() == .success("issued-1"))
    #expect(world.keyring("token anna@domain.com") == "issued-1")
  }

  @Test func `is handed a token that the keyring does not take, and a warning`() {
    let full = KeyringError(.failed, detail: "disk full")
    world.store.trouble = { $0.hasPrefix("store token") ? full : nil }
    #expect(world.token() == .success("issued-1"))
    #expect(world.warnings == [.tokenNotKept(full)])
    #expect(world.kernel == ["": "issued-1"])
  }

  @Test func `is busy when another process keeps the lock`() {
    world.lock.isStuck = true
    #expect(world.token() == .failure(.busy))
    #expect(world.issuer.asked == [])
  }

  @Test func `is told what METI's answer lacks, and keeps nothing`() {
    world.issuer.next = [.failure(.unusable(reason: "no token"))]
    #expect(world.token() == .failure(.issuer(.unusable(reason: "no token"), .anna)))
    #expect(world.issuer.asked.count == 1)
    #expect(world.store.calls.allSatisfy { $0.hasPrefix("find ") })
    #expect(world.kernel == [:])
  }

  @Test func `keeps the dying token while METI is in trouble`() {
    world.put(inKeyring: .issued("stored", at: noon.later(-hour + 30 * second)))
    world.issuer.answer = { _ in .failure(.trouble()) }
    #expect(world.token() == .failure(.issuer(.trouble(), .anna)))
    #expect(world.keyring("token anna@domain.com") == "stored")
  }

  @Test func `shares the failure of the call that it waited for`() {
    world.lock.meanwhile = { [world] in
      world.clock.pause(2 * second)
      world.lock.held.backOff = BackOff(
        since: world.clock.now(), pause: 8 * second, reason: "METI is in trouble (503)")
    }
    #expect(
      world.token()
        == .failure(.issuer(.trouble(retryAfter: 8, isTransient: false), .anna)))
    #expect(world.issuer.asked == [])
    #expect(world.clock.pauses == [2 * second])
  }

  @Test func `asks METI again for an account of its own`() {
    world.log(in: .ben)
    world.issuer.answer = { $0.hasPrefix("anna") ? .failure(.refusal) : .token(lifetime: 3600) }
    #expect(world.token() == .failure(.issuer(.refusal, .anna)))
    #expect(world.token(of: .ben) == .success("issued-2"))
  }
}

@Suite struct `A refused password` {
  private let world = World()

  @Test func `is told and remembered`() {
    world.issuer.next = [.failure(.refusal)]
    #expect(world.token() == .failure(.issuer(.refusal, .anna)))
    #expect(
      world.store.bodies["credential anna@domain.com"]
        == "secret\ngrant=password\nrefused_on=1767268800\n")
    #expect(world.warnings == [])
  }

  @Test func `is not tried again`() {
    world.log(in: .anna, refusedOn: 1_767_000_000)
    #expect(world.token() == .failure(.refusedBefore(.anna, on: 1_767_000_000)))
    #expect(world.token(mustBeNew: true) == .failure(.refusedBefore(.anna, on: 1_767_000_000)))
    #expect(world.issuer.asked == [])
  }

  @Test func `is asked for once by a hundred calls`() {
    world.issuer.answer = { _ in .failure(.refusal) }
    for _ in 0..<100 { _ = world.token() }
    #expect(world.issuer.asked.count == 1)
  }

  @Test func `does not keep a live token from being used`() {
    world.log(in: .anna, refusedOn: 1_767_000_000)
    world.put(inKeyring: .issued("stored"))
    #expect(world.token() == .success("stored"))
  }

  @Test func `is tried again after a login`() {
    world.log(in: .anna, refusedOn: 1_767_000_000)
    #expect(world.login(.anna, isVerified: false) == .success(""))
    #expect(world.token() == .success("issued-1"))
    #expect(world.issuer.asked == ["anna@domain.com new secret"])
  }

  @Test func `that cannot be marked is a warning beside the refusal`() {
    world.issuer.next = [.failure(.refusal)]
    world.store.trouble = { $0.hasPrefix("store credential") ? KeyringError(.locked) : nil }
    #expect(world.token() == .failure(.issuer(.refusal, .anna)))
    #expect(world.warnings == [.refusalNotKept(KeyringError(.locked))])
  }

  @Test func `does not replace the one that was stored meanwhile`() {
    // Where no lock can be had, a login is not kept waiting.
    world.issuer.answer = { [world] _ in
      world.store.bodies["credential anna@domain.com"] = "new secret\ngrant=password\n"
      return .failure(.refusal)
    }
    #expect(world.token() == .failure(.issuer(.refusal, .anna)))
    #expect(
      world.store.bodies["credential anna@domain.com"] == "new secret\ngrant=password\n")
  }

  @Test func `is not stored again where it was removed meanwhile`() {
    world.issuer.answer = { [world] _ in
      world.store.bodies["credential anna@domain.com"] = nil
      return .failure(.refusal)
    }
    #expect(world.token() == .failure(.issuer(.refusal, .anna)))
    #expect(world.store.bodies["credential anna@domain.com"] == nil)
  }

  @Test func `leaves the token that is still stored`() {
    world.put(inKeyring: .issued("stored", at: noon.later(-hour + 30 * second)))
    world.issuer.next = [.failure(.refusal)]
    _ = world.token()
    #expect(world.keyring("token anna@domain.com") == "stored")
  }
}

@Suite struct `A refused password that the store cannot mark` {
  private let world = World()

  init() {
    world.store.isReadOnly = true
    world.store.mark = "env:1"
    world.issuer.answer = { _ in .failure(.refusal) }
    _ = world.token()
  }

  private let refusedBefore = TokenError.refusedBefore(.anna, on: noon.wall / 1000)

  /// As of another process, whose credential this mark tells from others.
  private func token(_ mark: String) -> Result<String, TokenError> {
    world.store.mark = mark
    world.clock.moment = world.clock.moment.later(second)
    return world.token(mustBeNew: true)
  }

  @Test func `is asked for once by a hundred calls`() {
    for _ in 0..<100 { #expect(world.token() == .failure(refusedBefore)) }
    #expect(world.issuer.asked.count == 1)
    #expect(world.warnings == [])
  }

  @Test func `is tried again after an hour, and in the next boot`() {
    world.clock.moment = noon.later(hour)
    #expect(world.token() == .failure(.issuer(.refusal, .anna)))
    world.clock.moment.bootID = "next boot"
    #expect(world.token() == .failure(.issuer(.refusal, .anna)))
  }

  @Test func `is read once, for a pipe has no more`() {
    #expect(world.store.calls.filter { $0 == "find credential anna@domain.com" }.count == 1)
  }

  @Test(arguments: ["env:2", "file:1", Credential.keyringMark])
  func `does not stop one of another mark`(_ mark: String) {
    world.issuer.answer = { _ in .token(lifetime: 3600) }
    #expect(token(mark) == .success("issued-2"))
  }

  @Test func `is still refused after the success of another`() {
    world.issuer.answer = { _ in .token(lifetime: 3600) }
    #expect(token("env:2") == .success("issued-2"))
    #expect(token("env:1") == .failure(refusedBefore))
  }

  @Test func `is still refused after trouble with another`() {
    world.issuer.answer = { _ in .failure(.trouble()) }
    #expect(token("env:2") == .failure(.issuer(.trouble(), .anna)))
    #expect(token("env:1") == .failure(refusedBefore))
  }

  @Test func `is still refused after another was`() {
    #expect(token("env:2") == .failure(.issuer(.refusal, .anna)))
    #expect(token("env:1") == .failure(refusedBefore))
    #expect(token("env:2") == .failure(.refusedBefore(.anna, on: noon.wall / 1000 + 1)))
  }

  @Test func `is one of a few`() {
    for number in 2...100 { _ = token("env:\(number)") }
    #expect(world.lock.held.note.refusals.map(\.mark) == ["env:97", "env:98", "env:99", "env:100"])
  }

  @Test func `is still refused after a login`() {
    world.store.isReadOnly = false
    #expect(world.login(.anna, isVerified: false) == .success(""))
    #expect(token("env:1") == .failure(refusedBefore))
  }

  @Test func `is tried again after a logout`() {
    _ = world.logout(.anna, tokenOnly: true)
    #expect(world.token() == .failure(.issuer(.refusal, .anna)))
  }

  @Test func `is a warning where the lock cannot keep it either`() {
    world.lock.held.isFull = true
    #expect(token("env:2") == .failure(.issuer(.refusal, .anna)))
    #expect(world.warnings == [.refusalNotNoted])
  }
}
