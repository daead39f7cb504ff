import Testing

/// What one item that gives nothing leaves of the rest.
@Suite("When one item cannot be read", .manyAtOnce)
struct DamagedItemTests {
  let place: Workplace
  let keyring: FakeKeyring
  let email = METIServer.email
  let other = "other@domain.com"

  static let damaged = "the keyring has the item but returns no readable secret"
  static let vanished = "the item was removed from the keyring during the call"
  static let defaults = [("secret default none", damaged), ("vanish default", vanished)]

  init() throws {
    (place, keyring) = try Workplace.withFake()
  }

  /// A second account, which is the default.
  func logInOther() throws {
    place.meti.setPassword("another password", for: other)
    try place.logIn(other, password: "another password")
    place.dropKernelKeys()
    _ = try keyring.journal()
  }

  func warning(_ reason: String) -> String {
    "meti-token: warning: which account is the default cannot be read: \(reason); choose it again "
      + "with: meti-token switch E-MAIL\n"
  }

  // MARK: The default

  @Test(arguments: defaults)
  func `the only account is meant where the default cannot be read`(
    flaw: String, reason: String
  ) throws {
    try keyring.tell(flaw)
    let items = try keyring.items()
    #expect(try place.run().told == .answer(place.lastToken, err: warning(reason)))
    #expect(try place.run("list").told == .answer("* \(email)", err: warning(reason)))
    let status = try place.run("status")
    #expect(status.out.hasPrefix("\(email) (default)\n") && status.err == warning(reason))
    #expect(try keyring.items() == items)
    #expect(place.meti.requests == [])
  }

  @Test(arguments: defaults)
  func `of several none is meant where the default cannot be read`(
    flaw: String, reason: String
  ) throws {
    try logInOther()
    try keyring.tell(flaw)
    let outcome = try place.run()
    #expect(outcome.status == .exit(78))
    #expect(outcome.err.contains("several accounts are stored and none is the default"))
    #expect(
      try place.run("list").told
        == .answer("  \(email)\n  \(other)", err: warning(reason)))
  }

  @Test func `a default that cannot be read is chosen again`() throws {
    try keyring.tell("secret default none")
    #expect(try place.run("switch", email).status == .exit(0))
    #expect(try place.run().told == .answer(place.lastToken))
  }

  @Test(arguments: ["secret default none", "vanish default"])
  func `logout of all leaves nothing where the default cannot be read`(flaw: String) throws {
    try logInOther()
    try keyring.tell(flaw)
    #expect(
      try place.run("logout", "--all").told
        == .done("logged out \(email) at \(place.url)", "logged out \(other) at \(place.url)"))
    // What is gone cannot be removed.
    let left = try keyring.items().filter { !(flaw.hasPrefix("vanish") && $0.contains("default")) }
    #expect(left == [])
  }

  @Test func `logout of all goes on where one account cannot be removed`() throws {
    try logInOther()
    try keyring.tell("fault 1 Delete error org.freedesktop.DBus.Error.Failed full")
    let outcome = try place.run("logout", "--all")
    #expect(
      outcome.told
        == Told(
          status: .exit(69), out: "",
          err: "meti-token: logged out \(other) at \(place.url)\n" + FakeKeyringTests.failed.err))
    let items = try keyring.items()
    #expect(items.count == 2 && items.allSatisfy { $0.contains(#""account": "\#(email)""#) })
  }

  @Test func `logout of all asks no more of who has declined once`() throws {
    try logInOther()
    try keyring.tell("deletes-ask", "prompt dismiss")
    let terminal = try place.sit("logout", "--all", output: .pipe)
    #expect(terminal.wait().status == .exit(69))
    #expect(try keyring.journal().count { $0 == "Prompt" } == 1)
  }

  // MARK: The account

  @Test func `status shows what there is of an account whose password cannot be read`() throws {
    try keyring.tell("secret account none")
    try logInOther()
    let status = try place.run("status")
    #expect(status.status == .exit(0))
    #expect(
      status.err
        == "meti-token: warning: the password of \(email) cannot be read: \(Self.damaged)\n")
    #expect(status.out.hasPrefix("\(email)\n"))
    #expect(
      status.out.contains("  password: stored in the keyring, which does not give it\n  token:"))
    #expect(status.out.contains("\(other) (default)\n"))
    let json = try place.run("status", "--json", "-a", email)
    #expect(json.out.contains(#""password_stored":true,"password_unreadable":true"#))
    let good = try place.run("status", "--json", "-a", other)
    #expect(good.status == .exit(0) && !good.out.contains("password_unreadable"))
  }

  @Test func `where all items vanish nothing is taken for absent`() throws {
    let items = try keyring.items()
    try keyring.tell("fault GetSecrets error org.freedesktop.Secret.Error.NoSuchObject gone")
    for command in [[], ["-f"], ["--json"], ["-a", email]] {
      let outcome = try place.run(command)
      #expect(outcome.status == .exit(69) && outcome.out == "")
      #expect(outcome.err.hasSuffix(FakeKeyringTests.vanished.err), "\(command)")
    }
    let status = try place.run("status")
    #expect(status.out.contains("password: stored in the keyring, which does not give it\n"))
    #expect(status.err.contains("of \(email) cannot be read: what the keyring had just found is"))
    #expect(try place.run("reject").status == .exit(69))
    #expect(try keyring.items() == items)
    try keyring.tell("well")
    #expect(try place.run().told == .answer(place.lastToken))
    #expect(place.meti.requests == [])
  }
}
