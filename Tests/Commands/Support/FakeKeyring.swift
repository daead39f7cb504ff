import Foundation

/// A service on a desktop's bus that takes commands.
///
/// It ends with the last reference to it, or with this process.
class FakeService {
  private let provider: Child

  init(_ script: String, on desktop: Desktop) throws {
    provider = try Program(script: script).start(input: .open, environment: desktop.environment)
    let line = try provider.line()
    guard line == "ready" else { throw Missed(what: "ready", seen: line) }
  }

  /// Gives it commands, and answers what they print.
  @discardableResult func tell(_ commands: String...) throws -> [String] {
    var lines: [String] = []
    for command in commands {
      provider.send(command + "\n")
      while case let line = try provider.line(), line != "ok" {
        guard !line.hasPrefix("error: ") else { throw Missed(what: command, seen: line) }
        lines.append(line)
      }
    }
    return lines
  }

  /// What it was asked since this was asked last.
  func journal() throws -> [String] { try tell("journal") }

  /// Whether it has ended, or does within seconds: its connection is closed a little earlier.
  var hasEnded: Bool { provider.wait(timeout: .seconds(5)) { [provider] in !provider.isRunning } }

  deinit {
    provider.closeInput()
    _ = provider.wait(timeout: .seconds(5))
  }
}

/// A keyring that fails as it is told to; Tests/Servers/fake-keyring says how.
final class FakeKeyring: FakeService {
  /// On this desktop's bus, where nobody else may serve secrets.
  init(on desktop: Desktop) throws { try super.init("Tests/Servers/fake-keyring", on: desktop) }

  /// Whether it is asked this within seconds. Empties the journal.
  func isAsked(_ call: String) throws -> Bool {
    try becomesTrue { try journal().contains(call) }
  }

  /// What is stored, one line an item.
  func items() throws -> [String] { try tell("items") }
}

/// A person before the dialogs of the desktop's GNOME Keyring; Tests/Servers/fake-prompter says
/// what they can do.
final class FakePrompter: FakeService {
  init(on desktop: Desktop) throws {
    try super.init("Tests/Servers/fake-prompter", on: desktop)
  }
}

extension Workplace {
  /// A desktop with a fake keyring, logged in; the keyring's journal is empty, as is the
  /// kernel tier.
  static func withFake() throws -> (place: Workplace, keyring: FakeKeyring) {
    let place = try Workplace(.noKeyring)
    let keyring = try FakeKeyring(on: place.desktop)
    try place.logIn()
    place.dropKernelKeys()
    _ = try keyring.journal()
    return (place, keyring)
  }

  /// So that the next one is stored as a new item.
  func removeToken(in keyring: FakeKeyring) throws {
    try keyring.tell("drop token")
    _ = try keyring.journal()
  }
}

extension Desktop {
  /// Has the bus start this command line when somebody asks for a keyring.
  func activateKeyring(_ command: String) throws {
    let file = directory.path + "/services/org.freedesktop.secrets.service"
    let text = "[D-BUS Service]\nName=org.freedesktop.secrets\nExec=\(command)\n"
    try text.write(toFile: file, atomically: true, encoding: .utf8)
  }
}
