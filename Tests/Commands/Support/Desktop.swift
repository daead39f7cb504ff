/// A desktop session of its own: a home, a bus, and a real gnome-keyring.
///
/// It ends with the last reference to it, or with this process.
final class Desktop {
  enum Kind: String, Sendable {
    case unlocked
    /// The login collection exists and is locked, and no dialog can be shown to unlock it.
    case locked
    /// A bus on which nobody serves secrets.
    case noKeyring = "no-keyring"
    case noBus = "no-bus"
  }

  /// HOME, XDG_* and, where there is a bus, DBUS_SESSION_BUS_ADDRESS.
  let environment: [String: String]
  /// The keyring's daemon; out of date after `startKeyring`.
  let keyringPID: Int32?
  let busPID: Int32?
  let directory: TemporaryDirectory
  private let session: Child

  init(_ kind: Kind = .unlocked) throws {
    directory = try TemporaryDirectory()
    let mode = kind == .unlocked ? [] : ["--\(kind.rawValue)"]
    session = try Program(script: "scripts/private-session").start(
      [directory.path] + mode, input: .open)
    var variables: [String: String] = [:]
    while case let line = try session.line(), line != "ready" {
      guard let equals = line.firstIndex(of: "=") else { continue }
      variables[String(line[..<equals])] = String(line[equals...].dropFirst())
    }
    busPID = variables.removeValue(forKey: "METI_SESSION_BUS_PID").flatMap { Int32($0) }
    keyringPID = variables.removeValue(forKey: "METI_SESSION_KEYRING_PID").flatMap { Int32($0) }
    environment = variables
  }

  deinit {
    end()
  }

  /// Locks the login collection, whose attributes the daemon then still knows.
  func lock() throws { try ask("lock") }

  /// Ends the keyring's daemon with SIGKILL.
  func killKeyring() throws { try ask("kill-keyring") }

  /// Starts the keyring's daemon again, unlocked.
  func startKeyring() throws { try ask("start-keyring") }

  /// Ends the keyring's daemon and starts it without a password, as after an automatic login.
  func restartLocked() throws {
    try killKeyring()
    try ask("start-locked")
  }

  /// Ends the keyring's daemon and starts it unlocked.
  func restartUnlocked() throws {
    try killKeyring()
    try startKeyring()
  }

  /// Stops the keyring's daemon, so that it keeps its name and answers nothing.
  func freezeKeyring() throws { try ask("freeze") }

  /// Lets a stopped daemon go on.
  func thawKeyring() throws { try ask("thaw") }

  /// Ends the session.
  func end() {
    session.closeInput()
    _ = session.wait(timeout: .seconds(5))
  }

  private func ask(_ command: String) throws {
    session.send(command + "\n")
    let answer = try session.line()
    guard answer == "ok" else { throw Missed(what: command, seen: answer) }
  }
}
