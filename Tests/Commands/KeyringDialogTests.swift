import Glibc
import Testing

/// A person sits at a terminal, and the keyring asks.
@Suite("When the keyring asks", .manyAtOnce)
struct KeyringDialogTests {
  static let unlocking = "meti-token: waiting for the keyring to be unlocked; look for its dialog"
  static let storing =
    "meti-token: waiting for the keyring to take METI token for \(METIServer.email); look for its "
    + "dialog"

  func expectEnd(
    _ terminal: Terminal, _ words: String..., status: Int32 = 69
  ) throws {
    for word in words { try terminal.expect(word) }
    let outcome = terminal.wait()
    #expect(outcome.status == .exit(status))
    #expect(outcome.out == "")
  }

  @Test func `a prompt that is dismissed leaves the keyring locked`() throws {
    let (place, keyring) = try Workplace.withFake()
    let items = try keyring.items()
    try keyring.tell("lock", "prompt dismiss 0.2")
    let terminal = try place.sit(output: .pipe)
    try expectEnd(
      terminal, Self.unlocking,
      "error: the keyring is locked: its dialog was dismissed or could not be shown",
      "hint: unlock the keyring and try again")
    let journal = try keyring.journal()
    #expect(journal.filter { $0 == "Prompt" }.count == 1)
    #expect(!journal.contains { FakeKeyringTests.writes($0) || $0 == "Dismiss" })
    #expect(try keyring.items() == items)
  }

  @Test func `a prompt that is answered late is waited for, and its time is not counted`() throws {
    let (place, keyring) = try Workplace.withFake()
    try keyring.tell("lock", "prompt allow 4")
    let terminal = try place.sit("--timeout", "2", output: .pipe)
    try terminal.expect(Self.unlocking)
    let outcome = terminal.wait()
    #expect(outcome.status == .exit(0))
    #expect(outcome.value == place.lastToken)
    #expect(place.meti.requests == [])
  }

  @Test func `Ctrl-C ends the waiting, and leaves the dialog to the keyring`() throws {
    let (place, keyring) = try Workplace.withFake()
    try keyring.tell("lock", "prompt silent")
    let terminal = try place.sit(output: .pipe)
    try terminal.expect(Self.unlocking)
    terminal.send("\u{3}")
    #expect(terminal.wait().out == "")
    #expect(try !keyring.journal().contains("Dismiss"))
  }

  @Test(arguments: ["malformed", "die"])
  func `a prompt that cannot end is not waited for`(outcome: String) throws {
    let (place, keyring) = try Workplace.withFake()
    try keyring.tell("lock", "prompt \(outcome)")
    let terminal = try place.sit(output: .pipe)
    try expectEnd(
      terminal, Self.unlocking,
      outcome == "die"
        ? "error: no keyring is running" : "error: the keyring sent an unexpected reply")
  }

  @Test func `a prompt with a senseless result has unlocked nothing`() throws {
    let (place, keyring) = try Workplace.withFake()
    try keyring.tell("lock", "prompt wrong-result")
    let terminal = try place.sit(output: .pipe)
    try expectEnd(terminal, Self.unlocking, "error: the keyring sent an unexpected reply")
  }

  struct Asking: Sendable, CustomTestStringConvertible {
    let told: [String]
    let command: String
    var testDescription: String { told.joined(separator: ", ") }
  }

  @Test(arguments: [
    Asking(told: ["lock"], command: "--json"),
    Asking(told: ["drop token", "stores-ask"], command: "-f"),
    Asking(told: ["drop token", "no-default"], command: "-f"),
    Asking(told: ["deletes-ask"], command: "logout"),
  ])
  func `a dialog whose end makes no sense is not opened again`(asking: Asking) throws {
    let (place, keyring) = try Workplace.withFake()
    for command in asking.told { try keyring.tell(command) }
    try keyring.tell("prompt malformed")
    let terminal = try place.sit(asking.command, output: .pipe)
    try terminal.expect("the keyring sent an unexpected reply")
    #expect(terminal.wait().status == .exit(asking.command == "-f" ? 0 : 69))
    #expect(try keyring.journal().count { $0 == "Prompt" } == 1)
  }

  @Test(arguments: [
    ("garbage", "the keyring sent an unexpected reply"),
    ("error org.freedesktop.DBus.Error.Failed odd", "the keyring failed"),
    ("die", "no keyring is running"),
  ])
  func `an unlocking that fails is told`(action: String, words: String) throws {
    let (place, keyring) = try Workplace.withFake()
    try keyring.tell("lock", "fault Unlock \(action)")
    let terminal = try place.sit(output: .pipe)
    try expectEnd(terminal, "error: \(words)")
    #expect(!terminal.screen.contains("waiting"))
    #expect(place.meti.requests == [])
  }

  @Test(arguments: [
    "fault 2 GetSecrets error org.freedesktop.Secret.Error.IsLocked locked",
    "fault 1 SetSecret error org.freedesktop.Secret.Error.IsLocked locked",
  ])
  func `what turns out to be locked is unlocked where a person can be asked`(
    fault: String
  ) throws {
    let (place, keyring) = try Workplace.withFake()
    try keyring.tell(fault)
    let terminal = try place.sit("-f", output: .pipe)
    #expect(terminal.wait().out == place.lastToken + "\n")
    #expect(terminal.screen == "")
    #expect(try keyring.journal().count { $0 == "Unlock" } == 1)
    #expect(try keyring.items().contains { $0.contains(place.lastToken) })
  }

  @Test func `what stays locked is told as such, after one try`() throws {
    let (place, keyring) = try Workplace.withFake()
    try keyring.tell("fault GetSecrets error org.freedesktop.Secret.Error.IsLocked locked")
    let terminal = try place.sit(output: .pipe)
    try expectEnd(terminal, "error: the keyring stayed locked")
    #expect(try keyring.journal().count { $0 == "Unlock" } == 1)
  }

  @Test func `a keyring that asks before it stores is waited for, in words`() throws {
    let (place, keyring) = try Workplace.withFake()
    try place.removeToken(in: keyring)
    try keyring.tell("stores-ask", "prompt allow 4")
    let terminal = try place.sit("-f", "--timeout", "3", output: .pipe)
    try terminal.expect(Self.storing)
    let outcome = terminal.wait()
    #expect(outcome.status == .exit(0))
    #expect(outcome.value == place.lastToken)
    #expect(!terminal.screen.contains("warning"))
    #expect(try keyring.items().contains { $0.contains(place.lastToken) })
  }

  @Test func `a store that is declined costs a warning`() throws {
    let (place, keyring) = try Workplace.withFake()
    try place.removeToken(in: keyring)
    let items = try keyring.items()
    try keyring.tell("stores-ask", "prompt dismiss")
    let terminal = try place.sit("-f", output: .pipe)
    try terminal.expect(Self.storing)
    try terminal.expect("warning: the token was not stored: the keyring did not do it")
    let outcome = terminal.wait()
    #expect(outcome.status == .exit(0))
    #expect(outcome.value == place.lastToken)
    #expect(try keyring.items() == items)
  }

  @Test func `a removal that is declined is not claimed`() throws {
    let (place, keyring) = try Workplace.withFake()
    let items = try keyring.items()
    try keyring.tell("deletes-ask", "prompt dismiss")
    let terminal = try place.sit("logout", output: .pipe)
    try expectEnd(
      terminal, "waiting for the keyring to remove an entry; look for its dialog",
      "error: the keyring changed nothing: its dialog was dismissed or could not be shown")
    #expect(!terminal.screen.contains("logged out"))
    #expect(try keyring.items() == items)
  }

  @Test func `a default keyring that is missing is created, if the person agrees`() throws {
    let (place, keyring) = try Workplace.withFake()
    try place.removeToken(in: keyring)
    try keyring.tell("no-default", "prompt allow 0.2")
    let terminal = try place.sit("-f", output: .pipe)
    try terminal.expect("waiting for a keyring to be created; look for its dialog")
    #expect(terminal.wait().value == place.lastToken)
    #expect(!terminal.screen.contains("warning"))
    #expect(try keyring.items().contains { $0.contains(place.lastToken) })
  }

  @Test func `what follows a dialog has the time of any call`() throws {
    let (place, keyring) = try Workplace.withFake()
    try place.removeToken(in: keyring)
    try keyring.tell("no-default", "prompt allow 0.2", "fault CreateItem late 7")
    let terminal = try place.sit("-f", output: .pipe)
    let outcome = terminal.wait(timeout: .seconds(60))
    #expect(outcome.out == place.lastToken + "\n")
    #expect(!terminal.screen.contains("warning"))
    #expect(try keyring.items().contains { $0.contains(place.lastToken) })
  }

  @Test func `a second dialog has as much time as the first`() throws {
    let (place, keyring) = try Workplace.withFake()
    try place.removeToken(in: keyring)
    try keyring.tell("no-default", "stores-ask", "prompt allow 6")
    let terminal = try place.sit("-f", output: .pipe)
    let outcome = terminal.wait(timeout: .seconds(60))
    #expect(outcome.status == .exit(0))
    #expect(outcome.value == place.lastToken)
    #expect(!terminal.screen.contains("warning"))
    #expect(try keyring.journal().filter { $0 == "Prompt" }.count == 2)
    #expect(try keyring.items().contains { $0.contains(place.lastToken) })
  }

  @Test(arguments: ["SearchItems", "GetSecrets", "SetSecret"])
  func `a keyring that asks before it answers is waited for, in words`(method: String) throws {
    let (place, keyring) = try Workplace.withFake()
    try keyring.tell("fault 2 \(method) late 6")
    let terminal = try place.sit("-f", "--timeout", "5", output: .pipe)
    try terminal.expect("meti-token: waiting for the keyring, which may be asking you something")
    let outcome = terminal.wait(timeout: .seconds(60))
    #expect(outcome.status == .exit(0))
    #expect(outcome.value == place.lastToken)
    #expect(!terminal.screen.contains("warning"))
  }

  @Test func `with --no-prompt a keyring that wants to ask costs a warning at once`() throws {
    let (place, keyring) = try Workplace.withFake()
    try place.removeToken(in: keyring)
    try keyring.tell("stores-ask")
    let terminal = try place.sit("-f", "--no-prompt", output: .pipe)
    try terminal.expect(
      "warning: the token was not stored: the keyring wants to ask for leave in a dialog")
    let outcome = terminal.wait()
    #expect(outcome.status == .exit(0))
    #expect(outcome.isSoon)
    #expect(try !keyring.journal().contains("Prompt"))
  }
}
