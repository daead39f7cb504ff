import Foundation
import Testing

/// GNOME Keyring that was never unlocked since its start, as after an automatic login, knows only
/// hashes of the attributes. One that was locked again still knows them.
@Suite("When GNOME Keyring is locked", .manyAtOnce)
struct LockedKeyringTests {
  static let email = METIServer.email

  enum Way: CaseIterable, Sendable { case neverUnlocked, lockedAgain }

  private func lock(_ place: Workplace, _ way: Way) throws {
    switch way {
    case .neverUnlocked: try place.desktop.restartLocked()
    case .lockedAgain: try place.desktop.lock()
    }
    place.dropKernelKeys()
  }

  @Test(arguments: Way.allCases)
  func `every command says so at once, opens no dialog and loses nothing`(way: Way) throws {
    let place = try Workplace.loggedIn()
    let prompter = try FakePrompter(on: place.desktop)
    let items = try place.items()
    try lock(place, way)
    for command in [
      [], ["-f"], ["--account", Self.email], ["--json"], ["status"], ["list"], ["logout"],
      ["switch", Self.email], ["reject"], ["exec", "--", "true"], ["curl", "/sources"],
      ["login", "--email", Self.email, "--password-stdin"],
    ] {
      let outcome = try place.run(command, input: .text(METIServer.password))
      #expect(outcome.told == Told.locked, "\(command)")
      #expect(outcome.isSoon)
    }
    #expect(try place.run("logout", "--all").told == Told.locked)
    let git = try place.ask("get", place.lines())
    #expect(git.status == .exit(69) && git.out == "quit=1\n" && git.err == Told.locked.err)
    #expect(try prompter.journal() == [])
    try place.desktop.restartUnlocked()
    #expect(try place.items() == items)
    #expect(try place.run().told == .answer(place.lastToken))
    #expect(place.meti.requests == [])
  }

  @Test func `with nothing of ours in it, nothing is stored`() throws {
    let place = try Workplace(.locked)
    #expect(
      try place.run().told
        == .noAccount(at: place.url))
  }

  // MARK: At a terminal

  @Test(arguments: Way.allCases)
  func `at a terminal it is waited for, in words, and no dialog is no end`(way: Way) throws {
    let place = try Workplace.loggedIn()
    try lock(place, way)
    let terminal = try place.sit(output: .pipe)
    try terminal.expect("meti-token: waiting for the keyring to be unlocked; look for its dialog")
    // Nobody can show the dialog here, and gnome-keyring gives up at once.
    try terminal.expect(
      "meti-token: error: the keyring's dialog was dismissed or could not be shown\r\n"
        + "meti-token: hint: unlock the keyring, or confirm in its dialog, and try again\r\n")
    let outcome = terminal.wait()
    #expect(outcome.status == .exit(69))
    #expect(outcome.out == "")
  }

  @Test(arguments: Way.allCases)
  func `--no-prompt at a terminal waits for no dialog`(way: Way) throws {
    let place = try Workplace.loggedIn()
    try lock(place, way)
    let terminal = try place.sit("--no-prompt", output: .pipe)
    #expect(terminal.wait().status == .exit(69))
    #expect(!terminal.screen.contains("waiting"))
  }

  // MARK: On a desktop without a terminal

  @Test func `with a display and no terminal a dialog opens, within the call's time`() throws {
    let place = try Workplace.loggedIn()
    let prompter = try FakePrompter(on: place.desktop)
    try prompter.tell("silent")
    try lock(place, .neverUnlocked)
    place.environment["DISPLAY"] = ":0"
    let outcome = try place.run("--timeout", "1")
    #expect(
      outcome.told
        == .failure(
          69,
          "the keyring's dialog was not answered in time, or is still open",
          hint: "answer the dialog, or unlock the keyring, and try again"))
    #expect(outcome.isSoon)
    #expect(try prompter.journal().count == 1)
  }

  @Test func `with a display and no terminal an answered dialog gives the token`() throws {
    let place = try Workplace.loggedIn()
    let prompter = try FakePrompter(on: place.desktop)
    try prompter.tell("answer only-for-this-test")
    try lock(place, .neverUnlocked)
    place.environment["DISPLAY"] = ":0"
    #expect(try place.run().told == .answer(place.lastToken))
    #expect(place.meti.requests == [])
  }

  // MARK: In part

  @Test func `a second, locked keyring beside an open one is said to be there`() throws {
    let place = try Workplace.loggedIn()
    try place.desktop.killKeyring()
    let keyrings = try #require(place.environment["XDG_DATA_HOME"]) + "/keyrings"
    try FileManager.default.copyItem(
      atPath: "\(keyrings)/login.keyring", toPath: "\(keyrings)/second.keyring")
    try place.desktop.startKeyring()
    place.dropKernelKeys()
    let warning = "meti-token: warning: the keyring is locked in part: 1 locked item is not shown\n"
    #expect(try place.run("list").told == .answer("* \(Self.email)", err: warning))
    #expect(try place.run("status").err == warning)
    #expect(try place.run().told == .answer(place.lastToken))
    let doctor = try place.run("doctor")
    #expect(doctor.status == .exit(0))
    #expect(doctor.out.contains(#""Login" is open; another keyring has 1 locked account"#))
    #expect(try place.run("logout").told == Told.locked)
  }
}
