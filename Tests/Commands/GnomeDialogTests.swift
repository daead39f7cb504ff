import Glibc
import Testing

/// GNOME Keyring itself asks; only the user and the window are not real.
@Suite("When GNOME Keyring asks", .manyAtOnce)
struct GnomeDialogTests {
  let place: Workplace
  let prompter: FakePrompter
  static let unlocking =
    "meti-token: waiting for the keyring to be unlocked; look for its dialog"
  /// That of scripts/private-session.
  let password = "only-for-this-test"

  /// Logged in, with a token, and the keyring locked.
  init() throws {
    place = try Workplace.loggedIn()
    prompter = try FakePrompter(on: place.desktop)
    place.dropKernelKeys()
    try place.desktop.restartLocked()
  }

  /// A call at a terminal that must have said what it waits for.
  func call(_ arguments: String...) throws -> (outcome: Outcome, screen: String) {
    let terminal = try Terminal(
      .metiToken, arguments, environment: place.environment, output: .pipe)
    try terminal.expect(Self.unlocking)
    let outcome = terminal.wait(timeout: .seconds(60))
    return (outcome, terminal.screen)
  }

  @Test func `the right password unlocks it, and the stored token is printed`() throws {
    try prompter.tell("answer \(password)")
    let (outcome, screen) = try call()
    #expect(outcome.status == .exit(0))
    #expect(outcome.value == place.lastToken)
    #expect(!screen.contains("warning"))
    #expect(try prompter.journal().count == 1)
    #expect(place.meti.requests == [])
  }

  @Test func `a late answer is waited for, and its time is not counted`() throws {
    try prompter.tell("answer \(password) 4")
    let (outcome, _) = try call("--timeout", "2")
    #expect(outcome.value == place.lastToken)
    #expect(place.meti.requests == [])
  }

  @Test func `after a wrong password it asks again, in the same call`() throws {
    try prompter.tell("answer wrong 0.5")
    let terminal = try place.sit(output: .pipe)
    try terminal.expect(Self.unlocking)
    var asked = try prompter.journal()
    for _ in 0..<100 where asked.count < 2 {
      usleep(100_000)
      asked += try prompter.journal()
    }
    try prompter.tell("answer \(password)")
    #expect(terminal.wait(timeout: .seconds(60)).value == place.lastToken)
    #expect(asked.count >= 2 && asked.last?.contains("\t") == true)
  }

  @Test func `a dialog that is closed leaves everything as it was`() throws {
    try prompter.tell("dismiss")
    let (outcome, screen) = try call()
    #expect(outcome.status == .exit(69) && outcome.out == "")
    #expect(screen.contains("error: the keyring's dialog was dismissed"))
    // For five minutes nobody is prompted again.
    try prompter.tell("answer \(password)")
    let again = try place.sit(output: .pipe).wait()
    #expect(again.status == .exit(69) && again.out == "")
    #expect(try prompter.journal().count == 1)
    #expect(place.meti.requests == [])
  }

  @Test func `a logout whose dialog is closed claims nothing`() throws {
    try prompter.tell("dismiss")
    let (outcome, screen) = try call("logout")
    #expect(outcome.status == .exit(69) && outcome.out == "")
    #expect(!screen.contains("logged out"))
    try place.desktop.restartUnlocked()
    #expect(try place.items().count == 2)
  }

  @Test func `if prompting is not possible no dialog opens`() throws {
    try prompter.tell("answer \(password)")
    #expect(try place.run().status == .exit(69))
    #expect(try place.run("-f").status == .exit(69))
    let terminal = try place.sit("--no-prompt", output: .pipe)
    #expect(terminal.wait().status == .exit(69))
    #expect(try prompter.journal() == [])
  }

  @Test func `a helper of a program on the desktop opens a dialog`() throws {
    try prompter.tell("answer \(password)")
    let request = Input.text(place.lines())
    let outcome = try place.run("get", input: request, with: ["DISPLAY": ":1"])
    #expect(outcome.out == (try place.password(place.lastToken)))
    #expect(try prompter.journal().count == 1)
  }

  @Test func `what the user types is not in the program's output`() throws {
    try prompter.tell("answer \(password)")
    let (outcome, screen) = try call("--verbose")
    #expect(outcome.value == place.lastToken)
    #expect(!screen.contains(password) && !outcome.err.contains(password))
  }
}
