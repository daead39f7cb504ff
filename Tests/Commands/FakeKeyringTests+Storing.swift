import Testing

/// Storing and removing.
extension FakeKeyringTests {
  static let storeFaults: [Fault] = [
    Fault(fault: "fault CreateItem silent", expected: silent),
    Fault(fault: "fault CreateItem garbage", expected: garbled),
    Fault(fault: "fault CreateItem die", expected: noProvider, isLast: true),
    Fault(
      fault: "fault CreateItem error org.freedesktop.DBus.Error.Failed 'Could not create item'",
      expected: notStored),
    Fault(fault: "fault CreateItem \(accessDenied)", expected: denied),
    Fault(
      fault: "fault CreateItem error org.freedesktop.Secret.Error.IsLocked locked", expected: locked
    ),
    Fault(fault: "fault ReadAlias silent", expected: silent),
    Fault(fault: "fault ReadAlias garbage", expected: garbled),
    Fault(fault: "fault ReadAlias \(accessDenied)", expected: denied),
    // Whether the collection is locked.
    Fault(fault: "fault Get silent", expected: silent),
    Fault(fault: "fault Get garbage", expected: garbled),
    Fault(fault: "fault Get error org.example.Odd 'Something odd'", expected: notStored),
    Fault(fault: "stores-ask", expected: askingNobody),
    Fault(
      fault: "no-default",
      expected: .failure(
        69, "there is no default keyring, and no dialog can be shown to create one",
        hint: "create a keyring on the desktop, or see SERVERS in meti-token(1)")),
  ]

  @Test(arguments: storeFaults)
  func `a token that cannot be stored is printed with a warning`(fault: Fault) throws {
    let (place, keyring) = try Workplace.withFake()
    try place.removeToken(in: keyring)
    try expectToken(fault, place, keyring)
  }

  @Test(arguments: storeFaults.compactMap { $0.whereAnItemIsThere })
  func `a token that cannot be replaced is printed with a warning`(fault: Fault) throws {
    let (place, keyring) = try Workplace.withFake()
    try expectToken(fault, place, keyring)
  }

  private func expectToken(
    _ fault: Fault, _ place: Workplace, _ keyring: FakeKeyring
  ) throws {
    let items = try keyring.items()
    try keyring.tell(fault.fault)
    let outcome = try place.run("-f", "--timeout", "4")
    #expect(
      outcome.told
        == .answer(
          place.lastToken, err: "meti-token: warning: the token was not stored: \(fault.words)\n"))
    #expect(outcome.isSoon)
    #expect(place.meti.tokenPosts == 1)
    // The kernel has it, whatever the keyring does.
    #expect(try place.run().told == .answer(place.lastToken))
    #expect(place.meti.tokenPosts == 1)
    guard !fault.isLast else { return }
    #expect(try keyring.items() == items || fault.expected == Self.garbled)
    let journal = try keyring.journal()
    #expect(!journal.contains { $0.hasPrefix("Delete") || $0 == "Prompt" || $0 == "Dismiss" })
  }

  @Test(arguments: storeFaults)
  func `a login that cannot be stored says so and claims nothing`(fault: Fault) throws {
    let place = try Workplace(.noKeyring)
    let keyring = try FakeKeyring(on: place.desktop)
    try keyring.tell(fault.fault)
    for extra in fault.isLast ? [[]] : [[], ["--no-verify"]] {
      let outcome = try place.run(
        ["login", "--email", email, "--password-stdin", "--timeout", "4"] + extra,
        input: .text(METIServer.password))
      #expect(outcome.told == fault.expected)
      #expect(outcome.isSoon)
    }
    #expect(place.kernelKeys == [])
    if !fault.isLast { #expect(try keyring.items() == []) }
  }

  @Test(
    arguments: storeFaults.filter {
      $0.fault.contains("CreateItem") && !$0.isLast && $0.expected != silent
    })
  func `a first call prints its token though the account cannot be stored`(fault: Fault) throws {
    let place = try Workplace(.noKeyring)
    let keyring = try FakeKeyring(on: place.desktop)
    try keyring.tell(fault.fault)
    let terminal = try place.sit("--account", email, output: .pipe)
    try terminal.expect("Log in now? [Y/n] ")
    terminal.send("\n")
    try terminal.expect("METI password: ")
    #expect(terminal.waitForEcho(false))
    terminal.send(METIServer.password + "\n")
    try terminal.expect("meti-token: warning: the account was not stored: ")
    try terminal.expect(fault.expected == Self.locked ? "the keyring stayed locked" : fault.words)
    let outcome = terminal.wait()
    #expect(outcome.status == .exit(0))
    #expect(outcome.out == place.lastToken + "\n")
    #expect(place.kernelKeys == ["#\(email)"])
    // The kernel has it, for calls that name the account.
    #expect(try place.run("--account", email).told == .answer(place.lastToken))
    #expect(place.meti.tokenPosts == 1)
  }

  @Test(arguments: [
    Fault(fault: "fault Delete silent", expected: silent),
    Fault(fault: "fault Delete \(accessDenied)", expected: denied),
    Fault(fault: "fault Delete error org.freedesktop.DBus.Error.Failed full", expected: failed),
  ])
  func `a logout that cannot remove does not claim to`(fault: Fault) throws {
    let (place, keyring) = try Workplace.withFake()
    let items = try keyring.items()
    try keyring.tell(fault.fault)
    for command in [["logout"], ["logout", "--token-only"], ["logout", "--all"], ["reject"]] {
      #expect(try place.run(command + ["--timeout", "2"]).told == fault.expected)
    }
    #expect(try keyring.items() == items)
  }

  @Test(arguments: [["logout", "--token-only"], ["reject"]])
  func `a token that cannot be removed without asking is overwritten`(command: [String]) throws {
    let (place, keyring) = try Workplace.withFake()
    try keyring.tell("deletes-ask", "stores-ask")
    #expect(try place.run(command).status == .exit(0))
    #expect(try !keyring.items().contains { $0.contains(place.lastToken) })
    // The next one takes its place, still without asking.
    #expect(try place.run().told == .answer(place.lastToken))
    #expect(place.meti.tokenPosts == 1)
    #expect(try keyring.items().contains { $0.contains(place.lastToken) })
    #expect(try !keyring.journal().contains("Prompt"))
  }

  @Test(arguments: [["logout"], ["logout", "--all"]])
  func `a password that cannot be removed without asking stays`(command: [String]) throws {
    let (place, keyring) = try Workplace.withFake()
    let passwords = try keyring.items().filter { $0.contains(#""kind": "account""#) }
    try keyring.tell("deletes-ask")
    #expect(try place.run(command).told == Self.askingNobody)
    #expect(try keyring.items().filter { $0.contains(#""kind": "account""#) } == passwords)
  }

  @Test func `a refusal that the keyring does not take is noted beside it`() throws {
    let (place, keyring) = try Workplace.withFake()
    try keyring.tell("fault SetSecret error org.freedesktop.DBus.Error.Failed full")
    place.meti.defaultAnswer = .status(401)
    #expect(try place.run("-f").status == .exit(77))
    #expect(try place.run("-f").status == .exit(77))
    #expect(place.meti.tokenPosts == 1)
  }

  @Test(arguments: readFaults.filter { !$0.isLast })
  func `a token in the kernel is printed whatever the keyring does`(fault: Fault) throws {
    let (place, keyring) = try Workplace.withFake()
    #expect(try place.run().told == .answer(place.lastToken))
    _ = try keyring.journal()
    try keyring.tell("fault " + fault.fault)
    #expect(try place.run().told == .answer(place.lastToken))
    #expect(try keyring.journal() == [])
  }
}
