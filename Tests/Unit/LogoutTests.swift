import MetiToken
import Testing

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

  @Test(arguments: [.noProvider, .dismissed] as [KeyringError.Kind])
  func `of all removes the tokens from the kernel also if the keyring fails`(
    _ kind: KeyringError.Kind
  ) {
    world.store.trouble = { _ in KeyringError(kind) }
    #expect(logOutAll() == .failure(.keyring(KeyringError(kind))))
    #expect(world.kernel == [:])
  }

  @Test func `warns if a token may stay in the kernel`() {
    world.cache.isRefused = true
    #expect(world.logout(.anna) == .success(true))
    #expect(world.warnings == [.oldTokenCached])
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

  @Test(arguments: [.dismissed, .promptOpen] as [KeyringError.Kind])
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
