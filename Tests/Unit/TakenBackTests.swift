import MetiToken
import Testing

/// What other processes do between the moment a call reads something and the one it keeps it.
@Suite struct `A token that is taken back meanwhile` {
  fileprivate let world = World()
  private let switchToBen: (World) -> Void = { world in
    try? world.renewal.makeDefault(.ben, until: world.deadline)
  }

  init() {
    world.log(in: .ben)
    world.put(inKeyring: .issued("token-of-anna"))
  }

  /// Once, as the store or METI is asked `question`.
  private func during(_ question: String, _ happens: @escaping (World) -> Void) {
    var isOver = false
    let once = { [unowned world] (asked: String) in
      guard asked == question, !isOver else { return }
      isOver = true
      happens(world)
    }
    world.store.trouble = {
      once($0)
      return nil
    }
    world.issuer.answer = {
      once($0)
      return .token(lifetime: 3600)
    }
  }

  @Test func `by a switch is not kept as the new default's`() {
    during("find token anna@domain.com", switchToBen)
    #expect(world.token() == .success("token-of-anna"))
    #expect(world.kernel == [:])
    #expect(world.token() == .success("issued-1"))
    #expect(world.issuer.asked == ["ben@domain.com secret"])
  }

  @Test func `by a switch is not kept when METI took long to issue it`() {
    world.store.bodies["token anna@domain.com"] = nil
    during("anna@domain.com secret", switchToBen)
    #expect(world.token() == .success("issued-1"))
    #expect(world.kernel == [:])
    #expect(world.keyring("token anna@domain.com") == "issued-1")
  }

  @Test(arguments: [nil, Account.anna])
  func `by a logout is not kept`(_ named: Account?) {
    during("find token anna@domain.com") { #expect($0.logout(.anna) == .success(true)) }
    #expect(world.token(of: named) == .success("token-of-anna"))
    #expect(world.kernel == [:])
  }

  @Test(arguments: [nil, Account.anna])
  func `by a rejection is not kept`(_ named: Account?) {
    during("find token anna@domain.com") {
      #expect($0.reject(.anna, "token-of-anna") == .success(true))
    }
    #expect(world.token(of: named) == .success("token-of-anna"))
    #expect(world.kernel == [:])
  }

  @Test func `is not kept as the default's when another account became it during a login`() {
    // As the store answers after the other's switch.
    during("store default") { $0.store.readAhead["default"] = "anna@domain.com" }
    #expect(world.login(.ben) == .success("issued-1"))
    #expect(world.kernel == ["#ben@domain.com": "issued-1"])
  }

  @Test(arguments: ["find default", "store token ben@domain.com"])
  func `is not kept as the default's when another account becomes it after a login`(_ at: String) {
    during(at) { try? $0.renewal.makeDefault(.anna, until: $0.deadline) }
    #expect(world.login(.ben) == .success("issued-1"))
    #expect(world.kernel[""] == nil)
  }
}

extension `A token that is taken back meanwhile` {
  @Test(arguments: [nil, Account.anna])
  func `makes room for a new one, which the kernel keeps where the keyring does not`(
    _ named: Account?
  ) {
    world.store.bodies["token anna@domain.com"] = nil
    world.put(inKernel: .issued("token-of-anna", at: noon.later(-1)), as: anyone)
    world.store.trouble = { $0.hasPrefix("store token") ? KeyringError(.failed) : nil }
    world.lock.meanwhile = { [world] in
      #expect(world.reject(.anna, "token-of-anna") == .success(true))
    }
    #expect(world.token(of: named, mustBeNew: true) == .success("issued-1"))
    #expect(world.kernel == ["#anna@domain.com": "issued-1"])
    #expect(world.token(of: named) == .success("issued-1"))
    #expect(world.issuer.asked.count == 1)
  }
}

@Suite struct `A token of the former default account` {
  private let world = World()

  init() {
    world.log(in: .ben)
    world.put(inKernel: .issued("token-of-anna"), as: anyone)
  }

  @Test func `goes on under its account's name after a switch`() {
    try? world.renewal.makeDefault(.ben, until: world.deadline)
    #expect(world.kernel == ["#anna@domain.com": "token-of-anna"])
    #expect(world.token(of: .anna) == .success("token-of-anna"))
    #expect(world.issuer.asked == [])
  }

  @Test func `goes on under its account's name after a login of another`() {
    _ = world.login(.ben)
    #expect(world.kernel == ["": "issued-1", "#anna@domain.com": "token-of-anna"])
  }

  @Test func `is the default's again after a switch to itself`() {
    try? world.renewal.makeDefault(.anna, until: world.deadline)
    world.put(inKeyring: .issued("stored"))
    #expect(world.kernel == [:])
    #expect(world.token() == .success("stored"))
  }
}

@Suite struct `A new token` {
  private let world = World()

  @Test func `of the default account takes the place of the older one under its name`() {
    world.put(inKernel: .issued("old", at: noon.later(-1)), as: AccountSelector(.anna))
    #expect(world.token(mustBeNew: true) == .success("issued-1"))
    #expect(world.kernel == ["": "issued-1"])
    #expect(world.token(of: .anna) == .success("issued-1"))
  }

  @Test func `of a named account takes the place of the default's older one`() {
    world.put(inKernel: .issued("old", at: noon.later(-1)), as: anyone)
    #expect(world.token(of: .anna, mustBeNew: true) == .success("issued-1"))
    #expect(world.kernel == ["#anna@domain.com": "issued-1"])
  }

  @Test func `of a named account leaves the default's, which is another's`() {
    world.log(in: .ben)
    world.put(inKernel: .issued("token-of-anna"), as: anyone)
    #expect(world.token(of: .ben) == .success("issued-1"))
    #expect(world.kernel == ["": "token-of-anna", "#ben@domain.com": "issued-1"])
  }

  @Test func `under its account's name is found by the default's call where no keyring has it`() {
    world.store.trouble = { $0.hasPrefix("store token") ? KeyringError(.failed) : nil }
    #expect(world.token(of: .anna) == .success("issued-1"))
    #expect(world.token() == .success("issued-1"))
    #expect(world.issuer.asked.count == 1)
  }
}
