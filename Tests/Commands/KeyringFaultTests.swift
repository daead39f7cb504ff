import Glibc
import Testing

@Suite("When the keyring fails", .manyAtOnce)
struct KeyringFaultTests {
  let email = METIServer.email

  /// Every command that needs the keyring, once.
  func runAll(_ place: Workplace, _ extra: String...) throws -> [Told] {
    try [[], ["-f"], ["--account", email], ["--json"], ["status"], ["logout"], ["reject"]].map {
      let outcome = try Program.metiToken.run($0 + extra, environment: place.environment)
      #expect(outcome.isSoon)
      return outcome.told
    }
  }

  // MARK: The parent

  @Test func `few descriptors end in an error line`() throws {
    let place = try Workplace.loggedIn()
    for limit in [5, 8, 9, 10, 11, 12, 16] {
      place.dropKernelKeys()
      let outcome = try Program("sh").run(
        ["-c", "ulimit -n \(limit); exec \"$0\"", Program.metiToken.path],
        environment: place.environment)
      let isAnswer = outcome.told == .answer(place.lastToken)
      #expect(isAnswer || outcome.status == .exit(69) && outcome.out == "", "\(outcome)")
      #expect(isAnswer || outcome.err.hasPrefix("meti-token: error: "), "\(outcome)")
    }
  }

  // MARK: None there

  @Test func `without a bus there is no keyring`() throws {
    let place = try Workplace(.noBus)
    #expect(try runAll(place) == Array(repeating: .noBus, count: 7))
  }

  @Test(arguments: [
    "unix:path=/no/such/socket", "tcp:host=127.0.0.1,port=1", "nonsense", "unix:", "autolaunch:",
  ])
  func `a bus address that leads nowhere is no bus`(address: String) throws {
    let place = try Workplace(.noBus)
    place.environment["DBUS_SESSION_BUS_ADDRESS"] = address
    let outcome = try place.run()
    #expect(outcome.status == .exit(69) && outcome.out == "")
    #expect(outcome.err.contains("session bus"))
  }

  @Test func `a bus that accepts and never answers does not block a call for ever`() throws {
    let place = try Workplace(.noBus)
    let socket = place.desktop.directory.path + "/silent"
    let listener = try Program("python3").start([
      "-c",
      """
      import socket, sys, time
      s = socket.socket(socket.AF_UNIX); s.bind(sys.argv[1]); s.listen(8)
      print("ready", flush=True); time.sleep(60)
      """, socket,
    ])
    _ = try listener.line()
    place.environment["DBUS_SESSION_BUS_ADDRESS"] = "unix:path=\(socket)"
    let outcome = try place.run("--timeout", "1")
    #expect(outcome.told == .silentKeyring)
    #expect(outcome.isSoon)
    listener.signal(SIGKILL)
  }

  @Test func `without a provider there is no keyring`() throws {
    let place = try Workplace(.noKeyring)
    #expect(try runAll(place) == Array(repeating: .noKeyring, count: 7))
  }

  @Test(arguments: [Desktop.Kind.noBus, .noKeyring, .locked])
  func `a login that cannot be kept says so, and prints no token`(kind: Desktop.Kind) throws {
    let place = try Workplace(kind)
    let expected =
      switch kind {
      case .noBus: Told.noBus
      case .noKeyring: Told.noKeyring
      default: Told.locked
      }
    for extra in [[], ["--no-verify"]] {
      let outcome = try Program.metiToken.run(
        ["login", "--email", email, "--password-stdin"] + extra,
        input: .text(METIServer.password), environment: place.environment)
      #expect(outcome.told == expected)
    }
    #expect(place.kernelKeys == [])
  }

  @Test func `what C said is there for who asks`() throws {
    let place = try Workplace(.noKeyring)
    let outcome = try place.run("--verbose")
    #expect(outcome.err.contains(Told.noKeyring.err))
    #expect(outcome.err.contains("meti-token: debug: g-dbus-error-quark 2: "))
    #expect(outcome.told.out == "")
  }

  // MARK: Gone and back

  @Test func `a keyring that was killed is missed, and found again`() throws {
    let place = try Workplace.loggedIn()
    place.dropKernelKeys()
    try place.desktop.killKeyring()
    #expect(try place.run().told == .noKeyring)
    try place.desktop.startKeyring()
    #expect(try place.run().told == .answer(place.lastToken))
    #expect(place.meti.requests == [])
  }

  @Test func `a token in the kernel is printed though the keyring is gone`() throws {
    let place = try Workplace.loggedIn()
    try place.desktop.killKeyring()
    for arguments in [[], ["--account", email], ["--min-validity", "5m"]] {
      let outcome = try Program.metiToken.run(arguments, environment: place.environment)
      #expect(outcome.told == .answer(place.lastToken))
    }
  }

  @Test func `a keyring that goes in the middle of a renewal costs a warning`() throws {
    let place = try Workplace.loggedIn()
    place.meti.defaultAnswer = .held(then: .issue)
    let child = try place.start("-f")
    #expect(place.isAsked(by: child))
    try place.desktop.killKeyring()
    place.meti.release()
    #expect(
      child.wait().told
        == .answer(
          place.lastToken,
          err: "meti-token: warning: the token was not stored: no keyring is running: nothing "
            + "provides org.freedesktop.secrets\n"))
    // The kernel has it.
    #expect(try place.run().told == .answer(place.lastToken))
  }

  @Test func `a keyring that is locked in the middle of a renewal costs a warning`() throws {
    let place = try Workplace.loggedIn()
    place.meti.defaultAnswer = .held(then: .issue)
    let child = try place.start("-f", "--json")
    #expect(place.isAsked(by: child))
    try place.desktop.lock()
    place.meti.release()
    let outcome = child.wait()
    #expect(outcome.status == .exit(0))
    #expect(outcome.out.contains(place.lastToken))
    #expect(
      outcome.err
        == "meti-token: warning: the token was not stored: the keyring is locked, and this call "
        + "cannot prompt\n")
  }

  @Test func `a keyring that goes in the middle of a login stores nothing`() throws {
    let place = try Workplace()
    place.meti.defaultAnswer = .held(then: .issue)
    let child = try place.start(
      "login", "--email", email, "--password-stdin", input: .text(METIServer.password))
    #expect(place.isAsked(by: child))
    try place.desktop.killKeyring()
    place.meti.release()
    #expect(child.wait().told == .noKeyring)
    #expect(place.kernelKeys == [])
    try place.desktop.startKeyring()
    #expect(try place.items() == [])
  }

  @Test func `a refusal that cannot be noted is still a refusal`() throws {
    let place = try Workplace.loggedIn()
    place.meti.defaultAnswer = .held(then: .status(401))
    let child = try place.start("-f")
    #expect(place.isAsked(by: child))
    try place.desktop.killKeyring()
    place.meti.release()
    #expect(
      child.wait().told
        == Told(
          status: .exit(77), out: "",
          err: """
            meti-token: error: METI rejects the credentials of \(email) (HTTP 401)
            meti-token: hint: log in with: meti-token login --email \(email)

            """))
  }

  // MARK: Frozen

  @Test func `a frozen keyring is given up within the timeout`() throws {
    let place = try Workplace.loggedIn()
    let items = try place.items()
    place.dropKernelKeys()
    try place.desktop.freezeKeyring()
    for arguments in [[], ["-f"], ["status"], ["logout", "--account", email]] {
      let outcome = try Program.metiToken.run(
        arguments + ["--timeout", "1"], environment: place.environment)
      #expect(outcome.told == .silentKeyring)
      #expect(outcome.isSoon)
    }
    try place.desktop.thawKeyring()
    #expect(try place.items() == items)
    #expect(try place.run().told == .answer(place.lastToken))
  }

  @Test func `a frozen keyring is given up long before the standard timeout`() throws {
    let place = try Workplace.loggedIn()
    place.dropKernelKeys()
    try place.desktop.freezeKeyring()
    let outcome = try place.run()
    #expect(outcome.told == .silentKeyring)
    #expect(outcome.isSoon)
  }

  @Test func `a token in the kernel is printed though the keyring is frozen`() throws {
    let place = try Workplace.loggedIn()
    try place.desktop.freezeKeyring()
    let outcome = try place.run()
    #expect(outcome.told == .answer(place.lastToken))
    #expect(try place.run("--json").status == .exit(0))
  }

  @Test func `a keyring that freezes in the middle of a renewal costs a warning`() throws {
    let place = try Workplace.loggedIn()
    place.meti.defaultAnswer = .held(then: .issue)
    let child = try place.start("-f", "--timeout", "3")
    #expect(place.isAsked(by: child))
    try place.desktop.freezeKeyring()
    place.meti.release()
    #expect(
      child.wait().told
        == .answer(
          place.lastToken,
          err: "meti-token: warning: the token was not stored: the keyring does not answer\n"))
  }

  @Test func `many callers of a frozen keyring all give up in time`() throws {
    let place = try Workplace.loggedIn()
    place.dropKernelKeys()
    try place.desktop.freezeKeyring()
    let callers = try (0..<16).map { _ in try place.start("--timeout", "2") }
    let outcomes = callers.map { $0.wait() }
    #expect(outcomes.map(\.told) == Array(repeating: .silentKeyring, count: 16))
    #expect(outcomes.allSatisfy { $0.isSoon })
  }
}
