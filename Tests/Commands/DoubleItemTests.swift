import Testing

/// Of several items for the same account, the one written last counts, readable or not.
@Suite("When an account has several items", .manyAtOnce)
struct DoubleItemTests {
  let place: Workplace
  let keyring: FakeKeyring
  let email = METIServer.email

  init() throws {
    (place, keyring) = try Workplace.withFake()
  }

  @Test func `of two tokens the one written last counts`() throws {
    try keyring.tell("copy token")
    #expect(try place.run().told == .answer(place.lastToken))
    place.dropKernelKeys()
    try keyring.tell("newer token")
    #expect(try place.run().told == .answer(place.lastToken + "-copy"))
    #expect(try !keyring.journal().contains(where: FakeKeyringTests.writes))
  }

  @Test func `of two passwords the one written last counts`() throws {
    try keyring.tell("copy account")
    #expect(try place.run("-f").told == .answer(place.lastToken))
    #expect(try place.run("list").told == .answer("* \(email)"))
    // One logout removes both.
    #expect(try place.run("logout").status == .exit(0))
    #expect(try keyring.items() == [])
  }

  @Test func `which password was written last is not guessed`() throws {
    try keyring.tell("copy account", "fault Get garbage")
    let items = try keyring.items()
    #expect(try place.run("-f").told == FakeKeyringTests.garbled)
    #expect(try keyring.items() == items)
    #expect(place.meti.requests == [])
  }

  @Test(arguments: ["none", "other-session"])
  func `an older password is not sent in the place of one that cannot be read`(
    flaw: String
  ) throws {
    try keyring.tell("secret account \(flaw)", "copy account")
    let items = try keyring.items()
    #expect(try place.run("-f").told == FakeKeyringTests.damaged)
    #expect(place.meti.requests == [])
    #expect(try keyring.items() == items)
  }

  @Test(arguments: [[], ["-f"]])
  func `an older token is not handed out in the place of one that cannot be read`(
    options: [String]
  ) throws {
    try keyring.tell("secret token none", "copy token")
    let items = try keyring.items()
    let outcome = try place.run(options)
    #expect(outcome.told.out == place.lastToken + "\n")
    #expect(outcome.err.contains("warning: the token was not stored: the keyring has a token of"))
    #expect(place.meti.tokenPosts == 1)
    #expect(try keyring.items() == items)
  }

  @Test func `a refusal is noted where the password was read`() throws {
    try keyring.tell("secret account empty", "copy account")
    let last = try keyring.items().last { $0.contains(#""kind": "account""#) }
    #expect(try place.run("-f").status == .exit(77))
    let items = try keyring.items()
    #expect(items.last { $0.contains(#""kind": "account""#) } == last)
    #expect(items.contains { $0.contains("-copy") && $0.contains("rejected_on") })
    #expect(try place.run("-f").status == .exit(77))
    #expect(place.meti.tokenPosts == 1)
  }

  @Test(arguments: ["account", "token"])
  func `an older one does not count in the place of a locked one`(kind: String) throws {
    try keyring.tell("lock \(kind)", "copy \(kind)")
    let items = try keyring.items()
    #expect(try place.run("-f").told == FakeKeyringTests.locked)
    #expect(place.meti.requests == [])
    #expect(try keyring.items() == items)
  }

  @Test func `an older one that is locked does not matter`() throws {
    try keyring.tell("lock account", "newer account")
    place.meti.setPassword(METIServer.password + "-copy", for: email)
    #expect(try place.run("-f").told == .answer(place.lastToken))
    #expect(try !keyring.journal().contains("Unlock"))
  }

  @Test func `at a terminal the one written last is unlocked`() throws {
    try keyring.tell("lock token", "copy token")
    let terminal = try place.sit(output: .pipe)
    try terminal.expect(KeyringDialogTests.unlocking)
    #expect(terminal.wait().out == place.lastToken + "\n")
    #expect(place.meti.requests == [])
    #expect(try keyring.journal().count { $0 == "Prompt" } == 1)
  }

  @Test(arguments: [["logout", "--token-only"], ["reject"]])
  func `all tokens are taken back where removing one would ask`(command: [String]) throws {
    try keyring.tell("copy token", "deletes-ask")
    #expect(try place.run(command).status == .exit(0))
    #expect(try !keyring.items().contains { $0.contains(place.lastToken) })
    #expect(try place.run().told == .answer(place.lastToken))
    #expect(place.meti.tokenPosts == 1)
  }

  @Test(arguments: [
    "lock token", "fault SetSecret error org.freedesktop.DBus.Error.Failed full",
    "fault SetSecret error org.freedesktop.Secret.Error.IsLocked locked",
  ])
  func `a token that is left is not claimed to be taken back`(trouble: String) throws {
    try keyring.tell(trouble, "copy token", "deletes-ask")
    let items = try keyring.items()
    let outcome = try place.run("logout", "--token-only")
    #expect(outcome.status == .exit(69) && !outcome.err.contains("removed"))
    #expect(try keyring.items() == items)
  }
}
