import Foundation
import Glibc
import Testing

/// What no real keyring does on demand.
@Suite("When a keyring fails", .manyAtOnce)
struct FakeKeyringTests {
  let email = METIServer.email

  static let silent = KeyringFaultTests.silent
  static let noProvider = KeyringFaultTests.noProvider
  static let locked = KeyringFaultTests.locked
  static let garbled = Told.failure(
    69, "the keyring sent an unexpected reply",
    hint: "update or restart the keyring; --verbose shows the reply")
  static let damaged = Told.failure(
    69, "the keyring has the item but returns no readable secret",
    hint: "store the account again with: meti-token login")
  static let vanished = Told.failure(
    69, "the item was removed from the keyring during the call", hint: "try again")
  static let denied = Told.failure(
    69, "access to the keyring is denied on this session bus",
    hint: "check D-Bus and AppArmor policy")
  static let failed = Told.failure(
    69, "the keyring failed", hint: "see the reason with --verbose")
  static let notStored = Told.failure(
    69, "the keyring stores nothing",
    hint: "check that the disk is not full or read-only; --verbose shows the reason")
  static let askingNobody = Told.failure(
    69, "the keyring requires confirmation, but prompting is not possible here",
    hint: "run meti-token in a terminal on the desktop, or turn off the keyring's confirmations")

  static let accessDenied =
    #"error org.freedesktop.DBus.Error.AccessDenied 'Rejected; type="x""#
    + #" (uid=1 pid=2 comm="meti-token exec -- tool --password=hunter2") rules'"#

  /// A call that writes.
  static func writes(_ call: String) -> Bool {
    ["CreateItem", "SetSecret", "Delete", "CreateCollection"].contains { call.hasPrefix($0) }
  }

  /// Nothing was written, no prompt was cancelled, and what is stored is what was.
  func expectUntouched(_ keyring: FakeKeyring, _ items: [String], _ note: String) throws {
    let journal = try keyring.journal()
    #expect(!journal.contains { Self.writes($0) || $0 == "Dismiss" }, "\(note): \(journal)")
    #expect(try keyring.items() == items)
  }

  // MARK: Reading

  struct Fault: Sendable, CustomTestStringConvertible {
    let fault: String
    let expected: Told
    var isLast = false
    var testDescription: String { fault }

    /// What the keyring's trouble is called.
    var words: String {
      String(expected.err.split(separator: "\n")[0].dropFirst("meti-token: error: ".count))
    }

    /// The same of the call that gives an item that is there a new secret; `nil` for a fault of
    /// another call.
    var whereAnItemIsThere: Fault? {
      guard fault.hasPrefix("fault CreateItem ") else { return nil }
      let fault = fault.replacing("CreateItem", with: "SetSecret")
      return Fault(fault: fault, expected: expected, isLast: isLast)
    }
  }

  static let readFaults: [Fault] =
    ["OpenSession", "SearchItems", "GetSecrets"].flatMap { method in
      [
        Fault(fault: "\(method) silent", expected: silent),
        Fault(fault: "\(method) garbage", expected: garbled),
        Fault(fault: "\(method) \(accessDenied)", expected: denied),
        Fault(fault: "\(method) error org.example.Odd 'Something odd'", expected: failed),
        Fault(fault: "\(method) die", expected: noProvider, isLast: true),
      ]
    }

  @Test(arguments: readFaults)
  func `a fault while reading is told, and costs nothing that is stored`(fault: Fault) throws {
    let (place, keyring) = try Workplace.withFake()
    let items = try keyring.items()
    try keyring.tell("fault " + fault.fault)
    let commands: [[String]] =
      fault.isLast ? [[]] : [[], ["-f"], ["--json"], ["status"], ["reject"]]
    for command in commands {
      let outcome = try place.run(command + ["--timeout", "2"])
      #expect(outcome.told == fault.expected, "\(command)")
      #expect(outcome.isSoon)
    }
    if fault.isLast {
      #expect(keyring.hasEnded)
      #expect(try place.run().told == Self.noProvider)
    } else {
      try expectUntouched(keyring, items, fault.fault)
      let verbose = try place.run("--verbose", "--timeout", "2")
      #expect(!verbose.err.contains("hunter2"))
      #expect(verbose.err.contains("meti-token: debug: ") || fault.expected == Self.silent)
      try keyring.tell("well")
      #expect(try place.run().told == .answer(place.lastToken))
    }
    #expect(place.meti.requests == [])
  }

  @Test(arguments: [
    Fault(fault: "Get garbage", expected: garbled),
    Fault(fault: "Get silent", expected: silent),
    Fault(fault: "Get \(accessDenied)", expected: denied),
    Fault(fault: "Get error org.example.Odd 'Something odd'", expected: failed),
  ])
  func `accounts that cannot be told are not taken for none`(fault: Fault) throws {
    let (place, keyring) = try Workplace.withFake()
    let items = try keyring.items()
    try keyring.tell("fault " + fault.fault)
    for command in [["list"], ["status"], ["switch", email], ["logout", "--all"]] {
      #expect(try place.run(command + ["--timeout", "2"]).told == fault.expected, "\(command)")
    }
    try expectUntouched(keyring, items, fault.fault)
  }

  @Test(arguments: [
    "OpenSession error org.kde.Odd 'Client public key size is invalid'",
    "GetSecrets error org.freedesktop.Secret.Error.NoSession 'Cannot find session'",
    "GetSecrets garbage", "SearchItems garbage",
    "GetSecrets error org.freedesktop.Secret.Error.NoSuchObject gone",
  ])
  func `what fails once is tried again with a new session`(fault: String) throws {
    let (place, keyring) = try Workplace.withFake()
    // Both the encrypted session and the plain one fail that often.
    try keyring.tell("fault 1 \(fault)")
    #expect(try place.run().told == .answer(place.lastToken))
    try keyring.tell("fault 1 \(fault)")
    #expect(try place.run("--account", email).told == .answer(place.lastToken))
    #expect(place.meti.requests == [])
  }

  // A provider that asks for a passphrase opens its dialog in each of these calls.
  @Test(arguments: [[], ["--account", METIServer.email]])
  func `a read that is refused is repeated once`(options: [String]) throws {
    let (place, keyring) = try Workplace.withFake()
    try keyring.tell("fault GetSecrets error org.freedesktop.DBus.Error.Failed 'no passphrase'")
    #expect(try place.run(options).told == Self.failed)
    #expect(try keyring.journal().count { $0 == "GetSecrets" || $0 == "GetSecret" } == 2)
  }

  @Test func `a session that fails once does not keep a token from being stored`() throws {
    let (place, keyring) = try Workplace.withFake()
    try keyring.tell(
      "fault 1 SetSecret error org.freedesktop.Secret.Error.NoSession 'Cannot find session'")
    #expect(try place.run("-f").told == .answer(place.lastToken))
    #expect(try keyring.items().contains { $0.contains(place.lastToken) })
  }

  // KeePassXC asks where an item is created over another.
  @Test func `a token that is there is replaced without asking anybody`() throws {
    let (place, keyring) = try Workplace.withFake()
    try keyring.tell("stores-ask")
    let outcome = try place.run("-f")
    #expect(outcome.told == .answer(place.lastToken))
    #expect(try keyring.items().filter { $0.contains(place.lastToken) }.count == 1)
    #expect(try !keyring.journal().contains { $0.hasPrefix("CreateItem") || $0 == "Prompt" })
  }

  // Locked is how KeePassXC shows an entry that this program may not use yet.
  @Test func `a password that is there and locked is not replaced where nobody can be asked`()
    throws
  {
    let (place, keyring) = try Workplace.withFake()
    let items = try keyring.items()
    try keyring.tell("lock account")
    let outcome = try place.run(
      "login", "--email", email, "--password-stdin", input: .text(METIServer.password))
    #expect(outcome.told == Self.locked)
    #expect(try keyring.items().count == items.count)
    #expect(try !keyring.journal().contains { Self.writes($0) || $0 == "Prompt" })
  }

  @Test func `a slow keyring is waited for`() throws {
    let (place, keyring) = try Workplace.withFake()
    try keyring.tell("fault SearchItems late 0.5", "fault GetSecrets late 0.5")
    #expect(try place.run().told == .answer(place.lastToken))
  }

  @Test func `a keyring that is slow again and again has one budget in all`() throws {
    let (place, keyring) = try Workplace.withFake()
    try keyring.tell(
      "fault SearchItems late 3", "fault GetSecrets late 3", "fault OpenSession late 3",
      "fault ReadAlias late 3")
    let outcome = try place.run("-f", "--timeout", "60", timeout: .seconds(60))
    #expect(outcome.told == Self.silent)
  }

  @Test func `the wait for others who open their sessions is of the same budget`() throws {
    let (place, keyring) = try Workplace.withFake()
    try keyring.tell("fault GetSecrets late 1.9")
    let directory = try #require(place.environment["XDG_RUNTIME_DIR"]) + "/meti-token"
    // That of the account is among them, which the call comes to later.
    let locks = try FileManager.default.contentsOfDirectory(atPath: directory)
      .map { try Descriptor("open \($0)", unsafe open("\(directory)/\($0)", O_RDWR | O_CLOEXEC)) }
    for lock in locks { try check("flock", flock(lock.number, LOCK_EX)) }
    let child = try place.start("-f", "--timeout", "60")
    #expect(try keyring.isAsked("SearchItems default"))
    usleep(7_000_000)
    for lock in locks { try check("flock", flock(lock.number, LOCK_UN)) }
    #expect(child.wait().told == Self.silent)
    #expect(place.meti.requests == [])
  }

  @Test func `a bus that goes in the middle of a call is not waited for`() throws {
    let (place, keyring) = try Workplace.withFake()
    try keyring.tell("fault GetSecrets silent")
    let child = try place.start()
    #expect(try keyring.isAsked("GetSecrets"))
    kill(try #require(place.desktop.busPID), SIGKILL)
    let outcome = child.wait()
    #expect(
      outcome.told
        == .failure(69, "the keyring ended in the middle of the call", hint: "try again"))
    #expect(outcome.isSoon)
    #expect(place.kernelKeys == [])
  }

  // MARK: Starting

  @Test func `a provider that never starts is given up`() throws {
    let place = try Workplace(.noKeyring)
    // It ends with the bus that has started it.
    try place.desktop.activateKeyring("/usr/bin/setpriv --pdeathsig KILL /bin/sleep 60")
    let outcome = try place.run("--timeout", "2")
    #expect(outcome.told == Self.silent)
    #expect(outcome.isSoon)
  }

  @Test(arguments: ["/bin/false", "/no/such/program"])
  func `a provider that cannot start is none`(program: String) throws {
    let place = try Workplace(.noKeyring)
    try place.desktop.activateKeyring(program)
    let outcome = try place.run()
    #expect(outcome.told == Self.noProvider)
    #expect(outcome.isSoon)
  }

  // MARK: Odd items

  @Test(arguments: ["none", "other-session"])
  func `a token that cannot be read is not replaced, and another is handed out`(
    flaw: String
  ) throws {
    let (place, keyring) = try Workplace.withFake()
    let items = try keyring.items()
    try keyring.tell("secret token \(flaw)")
    let drop = "drop it with: meti-token logout --token-only --account \(email)"
    let words = "the keyring has a token of \(email) but gives none that can be read"
    let first = try place.run()
    #expect(
      first.told
        == .answer(
          place.lastToken, err: "meti-token: warning: the token was not stored: \(words); \(drop)\n"))
    #expect(place.meti.tokenPosts == 1)
    // From the kernel, silently.
    #expect(try place.run().told == .answer(place.lastToken))
    let status = try place.run("status")
    #expect(status.status == .exit(0))
    #expect(status.err == "meti-token: warning: \(words)\n")
    #expect(try place.run("reject").told == .failure(69, words, hint: drop))
    try expectUntouched(keyring, items, flaw)
    #expect(try place.run("logout", "--token-only", "--account", email).status == .exit(0))
    #expect(try place.run().told == .answer(place.lastToken))
    #expect(place.meti.tokenPosts == 2)
  }

  @Test func `an empty token is no token, and is replaced`() throws {
    let (place, keyring) = try Workplace.withFake()
    try keyring.tell("secret token empty")
    #expect(try place.run().told == .answer(place.lastToken))
    #expect(place.meti.tokenPosts == 1)
    #expect(try keyring.items().count == 3)
    place.dropKernelKeys()
    #expect(try place.run().told == .answer(place.lastToken))
    #expect(place.meti.tokenPosts == 1)
  }

  @Test(arguments: ["none", "other-session"])
  func `a password that cannot be read is not sent, nor replaced`(flaw: String) throws {
    let (place, keyring) = try Workplace.withFake()
    let items = try keyring.items()
    try keyring.tell("secret account \(flaw)")
    #expect(try place.run("-f").told == Self.damaged)
    // The token is good all the same.
    #expect(try place.run().told == .answer(place.lastToken))
    try expectUntouched(keyring, items, flaw)
    #expect(place.meti.requests == [])
  }

  @Test func `an empty password is none, and is never sent`() throws {
    let (place, keyring) = try Workplace.withFake()
    let items = try keyring.items()
    try keyring.tell("secret account empty")
    #expect(
      try place.run("-f").told
        == .failure(
          78, "account \(email) is not stored for \(place.url)",
          hint: "log in with: meti-token login --email \(email)"))
    try expectUntouched(keyring, items, "empty")
    #expect(place.meti.requests == [])
  }

  @Test(arguments: ["token", "account"], ["text/plain;charset=utf8", "application/octet-stream"])
  func `what an item calls its content does not matter`(kind: String, type: String) throws {
    let (place, keyring) = try Workplace.withFake()
    try keyring.tell("secret \(kind) type \(type)")
    #expect(try place.run().told == .answer(place.lastToken))
    #expect(try place.run("-f").told == .answer(place.lastToken))
  }

  @Test func `an item that vanished is not taken for one that was never there`() throws {
    let (place, keyring) = try Workplace.withFake()
    try keyring.tell("vanish account")
    #expect(try place.run("-f").told == Self.vanished)
    #expect(try !keyring.journal().contains(where: Self.writes))
    #expect(place.meti.requests == [])
  }

  /// As GNOME Keyring, KWallet and the specification say it.
  @Test(
    arguments: [
      "org.freedesktop.DBus.Error.UnknownMethod", "org.freedesktop.DBus.Error.UnknownObject",
      "org.freedesktop.Secret.Error.NoSuchObject",
    ])
  func `what somebody else removes meanwhile is no trouble`(error: String) throws {
    let (place, keyring) = try Workplace.withFake()
    try keyring.tell("copy account", "vanish account \(error)", "vanish token \(error)")
    #expect(
      try place.run("list").told
        == .failure(
          78, "no account is stored for \(place.url)", hint: "log in with: meti-token login"))
    #expect(try place.run("logout").status == .exit(0))
    #expect(try keyring.journal().count { $0.contains("Delete") } == 4)
  }

  // MARK: Locked

  @Test func `one locked account does not hide the others`() throws {
    let (place, keyring) = try Workplace.withFake()
    place.meti.setPassword("another password", for: "other@domain.com")
    try place.logIn("other@domain.com", password: "another password")
    place.dropKernelKeys()
    try keyring.tell("drop default", "lock account \(email)", "lock token \(email)", "hide-locked")
    let warning =
      "meti-token: warning: the keyring is locked in part: 1 locked item is not shown\n"
    #expect(try place.run("list").told == .answer("  other@domain.com", err: warning))
    let status = try place.run("status")
    #expect(status.status == .exit(0))
    #expect(status.out.hasPrefix("other@domain.com\n"))
    #expect(status.err == warning)
    #expect(try place.run("status", "-a", email).told == Self.locked)
    #expect(try place.run("-a", email).told == Self.locked)
    #expect(try place.run().told == .answer(place.lastToken))
    #expect(try place.run("switch", "other@domain.com").status == .exit(0))
    #expect(try place.run("logout", "--all").told == Self.locked)
    #expect(try place.run("logout", "-a", email).told == Self.locked)
    #expect(try !keyring.journal().contains { $0 == "Unlock" || $0.hasPrefix("Delete") })
  }

  @Test func `where nobody can be asked no prompt is opened, and nothing is lost`() throws {
    let (place, keyring) = try Workplace.withFake()
    let items = try keyring.items()
    try keyring.tell("lock")
    for command in [[], ["-f"], ["status"], ["list"], ["logout"], ["reject"]] {
      #expect(try place.run(command).told == Self.locked, "\(command)")
    }
    let journal = try keyring.journal()
    #expect(!journal.contains { Self.writes($0) || ["Unlock", "Prompt"].contains($0) })
    #expect(try keyring.items() == items)
  }
}
