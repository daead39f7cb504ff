import Glibc
import Testing

/// What a failing keyring means for each command. Tests/Adapters holds what each fault is.
@Suite("When a keyring fails", .manyAtOnce)
struct FakeKeyringTests {
  let email = METIServer.email

  static let notStored = "the keyring did not store the secret"

  static let accessDenied =
    #"error org.freedesktop.DBus.Error.AccessDenied 'Rejected; type="x""#
    + #" (uid=1 pid=2 comm="meti-token exec -- tool --password=hunter2") rules'"#

  /// A call that writes.
  static func writes(_ call: String) -> Bool {
    ["CreateItem", "SetSecret", "Delete", "CreateCollection"].contains { call.hasPrefix($0) }
  }

  /// Nothing was written, no prompt was cancelled, and what is stored is what was.
  func expectUntouched(_ keyring: FakeKeyring, _ items: [String]) throws {
    let journal = try keyring.journal()
    #expect(!journal.contains { Self.writes($0) || $0 == "Dismiss" }, "\(journal)")
    #expect(try keyring.items() == items)
  }

  struct Fault: Sendable, CustomTestStringConvertible {
    let fault: String
    let expected: Told
    var testDescription: String { fault }
  }

  @Test(arguments: [
    Fault(fault: "GetSecret silent", expected: .silentKeyring),
    Fault(fault: "SearchItems \(accessDenied)", expected: .deniedKeyring),
  ])
  func `a fault while reading is reported, and costs nothing that is stored`(fault: Fault) throws {
    let (place, keyring) = try Workplace.withFake()
    let items = try keyring.items()
    try keyring.tell("fault " + fault.fault)
    for command in [[], ["-f"], ["status"], ["reject"]] {
      let outcome = try place.run(command + ["--timeout", "1"])
      #expect(outcome.told == fault.expected, "\(command)")
      #expect(outcome.isSoon)
    }
    try expectUntouched(keyring, items)
    #expect(try !place.run("--verbose", "--timeout", "1").err.contains("hunter2"))
    try keyring.tell("well")
    #expect(try place.run().told == .answer(place.lastToken))
    #expect(place.meti.requests == [])
  }

  @Test func `unreadable accounts are not taken for absent ones`() throws {
    let (place, keyring) = try Workplace.withFake()
    let items = try keyring.items()
    try keyring.tell("fault Get silent")
    for command in [["list"], ["status"], ["switch", email], ["logout", "--all"]] {
      #expect(try place.run(command + ["--timeout", "1"]).told == .silentKeyring, "\(command)")
    }
    try expectUntouched(keyring, items)
  }

  @Test func `a bus that goes in the middle of a call is not waited for`() throws {
    let (place, keyring) = try Workplace.withFake()
    try keyring.tell("fault GetSecret silent")
    let child = try place.start()
    #expect(try keyring.isAsked("GetSecret"))
    kill(try #require(place.desktop.busPID), SIGKILL)
    let outcome = child.wait()
    #expect(outcome.status == .exit(69) && outcome.out == "")
    #expect(outcome.isSoon)
    #expect(place.kernelKeys == [])
  }

  @Test func `a provider that never starts is given up`() throws {
    let place = try Workplace(.noKeyring)
    // It ends with the bus that has started it.
    try place.desktop.activateKeyring("/usr/bin/setpriv --pdeathsig KILL /bin/sleep 60")
    let outcome = try place.run("--timeout", "1")
    #expect(outcome.told == .silentKeyring)
    #expect(outcome.isSoon)
  }

  // MARK: Storing

  @Test func `a token that cannot be stored is printed with a warning`() throws {
    let (place, keyring) = try Workplace.withFake()
    try keyring.tell("fault SetSecret error org.freedesktop.DBus.Error.Failed 'disk full'")
    #expect(
      try place.run("-f").told
        == .answer(
          place.lastToken,
          err: "meti-token: warning: the token was not stored: \(Self.notStored)\n"))
  }

  @Test func `a login that cannot be stored says so and claims nothing`() throws {
    let (place, keyring) = try Workplace.withFake()
    let items = try keyring.items()
    try keyring.tell("fault SetSecret error org.freedesktop.DBus.Error.Failed 'disk full'")
    let outcome = try place.run(
      "login", "--email", email, "--password-stdin", input: .text(METIServer.password))
    #expect(
      outcome.told
        == .failure(
          69, Self.notStored,
          hint: "check that the disk is not full or read-only; --verbose shows the reason"))
    #expect(try keyring.items() == items)
  }

  @Test(arguments: ["kwallet open", "ksecretd"])
  func `a login names the package that KWallet lacks`(kwallet: String) throws {
    let (place, keyring) = try Workplace.withFake()
    try keyring.tell(kwallet, "fault OpenSession error org.example.Odd 'createDLGroup failed'")
    let outcome = try place.run(
      "login", "--email", email, "--password-stdin", input: .text(METIServer.password))
    #expect(
      outcome.told
        == .failure(
          69, "KWallet cannot encrypt: its QCA plugins are missing",
          hint: "install libqca-qt6-plugins, for KWallet of Qt 5 libqca-qt5-2-plugins"))
    let doctor = try place.run("doctor")
    #expect(doctor.status == .exit(69))
    #expect(doctor.out.contains("its QCA plugins are missing"))
  }

  @Test func `a login without any keyring to store in says so and claims nothing`() throws {
    let (place, keyring) = try Workplace.withFake()
    try keyring.tell("drop account", "drop token", "no-default")
    let outcome = try place.run(
      "login", "--email", email, "--password-stdin", input: .text(METIServer.password))
    #expect(
      outcome.told
        == .failure(
          69, "there is no default keyring, and no dialog can be shown to create one",
          hint: "create a keyring on the desktop, or see SERVERS in meti-token(1)"))
    #expect(try keyring.items() == [])
    #expect(place.meti.requests == [])
  }

  @Test func `a logout that cannot remove does not claim to`() throws {
    let (place, keyring) = try Workplace.withFake()
    try keyring.tell("fault Delete error org.freedesktop.DBus.Error.Failed 'read-only'")
    let outcome = try place.run("logout")
    #expect(outcome.status == .exit(69) && outcome.out == "")
    #expect(!outcome.err.contains("logged out"))
  }

  // MARK: Odd items

  @Test func `a password that cannot be read is not sent, nor replaced`() throws {
    let (place, keyring) = try Workplace.withFake()
    let items = try keyring.items()
    try keyring.tell("secret account other-session")
    #expect(try place.run("-f").told == .damagedItem)
    // The token is good all the same.
    #expect(try place.run().told == .answer(place.lastToken))
    try expectUntouched(keyring, items)
    #expect(place.meti.requests == [])
  }

  @Test func `an empty password is none, and is never sent`() throws {
    let (place, keyring) = try Workplace.withFake()
    let items = try keyring.items()
    try keyring.tell("secret account empty")
    let outcome = try place.run("-f")
    #expect(outcome.status == .exit(78) && outcome.out == "")
    try expectUntouched(keyring, items)
    #expect(place.meti.requests == [])
  }

  @Test func `a token that cannot be read is replaced by a new one`() throws {
    let (place, keyring) = try Workplace.withFake()
    try keyring.tell("secret token other-session")
    #expect(try place.run().told == .answer(place.lastToken))
    #expect(place.meti.tokenPosts == 1)
  }

  // MARK: Locked

  @Test func `one locked account does not hide the others`() throws {
    let (place, keyring) = try Workplace.withFake()
    place.meti.setPassword("another password", for: "other@domain.com")
    try place.logIn("other@domain.com", password: "another password")
    place.dropKernelKeys()
    try keyring.tell("lock account \(email)", "lock token \(email)", "hide-locked")
    let warning =
      "meti-token: warning: the keyring is locked in part: 1 locked item is not shown\n"
    #expect(try place.run("list").told == .answer("* other@domain.com", err: warning))
    let status = try place.run("status")
    #expect(status.status == .exit(0))
    #expect(status.out.hasPrefix("other@domain.com (default)\n"))
    #expect(status.err == warning)
    #expect(try place.run("status", "-a", email).told == .locked)
    #expect(try place.run("-a", email).told == .locked)
    #expect(try place.run().told == .answer(place.lastToken))
    #expect(try place.run("logout", "-a", email).told == .locked)
    #expect(try !keyring.journal().contains { $0.hasPrefix("Delete") || $0 == "Prompt" })
    // What can be removed is removed, and the rest is reported.
    #expect(try place.run("logout", "--all").status == .exit(69))
  }

  @Test func `a locked keyring is not prompted for without a terminal, and loses nothing`() throws {
    let (place, keyring) = try Workplace.withFake()
    let items = try keyring.items()
    try keyring.tell("lock")
    for command in [[], ["-f"], ["status"], ["list"], ["logout"], ["reject"]] {
      #expect(try place.run(command).told == .locked, "\(command)")
    }
    #expect(try place.run("logout", "--all").told == Told.locked)
    try expectUntouched(keyring, items)
    #expect(try !keyring.journal().contains("Prompt"))
  }
}
