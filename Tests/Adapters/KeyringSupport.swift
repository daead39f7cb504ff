import Foundation
import MetiToken
import Synchronization
import Testing

@testable import Keyring

/// A program that prints "ready", takes commands on stdin, and answers each with "ok".
final class Service {
  private let session: Session?
  private let process = Process()
  private let input = Pipe()
  private let output = Pipe()
  /// What it printed before "ready".
  private(set) var greeting: [String] = []

  /// - Parameter session: ends after the service.
  init(_ script: String, _ arguments: [String] = [], on session: Session? = nil) throws {
    self.session = session
    let root = URL(filePath: #filePath).appending(path: "../../..").standardized
    process.executableURL = root.appending(path: script)
    process.arguments = arguments
    process.environment = (session?.environment ?? [:]).merging(["PATH": "/usr/bin:/bin"]) { $1 }
    process.standardInput = input
    process.standardOutput = output
    try process.run()
    greeting = try lines(until: "ready")
  }

  deinit {
    try? input.fileHandleForWriting.close()
    process.waitUntilExit()
  }

  /// Gives it commands, and returns what it printed.
  @discardableResult func tell(_ commands: String...) throws -> [String] {
    try commands.flatMap { command in
      try input.fileHandleForWriting.write(contentsOf: Data("\(command)\n".utf8))
      return try lines(until: "ok")
    }
  }

  private func lines(until end: String) throws -> [String] {
    var lines: [String] = []
    while true {
      let line = try line()
      if line == end { return lines }
      try #require(!line.hasPrefix("error:"), "\(line)")
      lines.append(line)
    }
  }

  private func line() throws -> String {
    var bytes = Data()
    while true {
      let byte = try output.fileHandleForReading.read(upToCount: 1) ?? Data()
      try #require(!byte.isEmpty, "\(process.executableURL?.path ?? "") has ended")
      if byte == Data("\n".utf8) { break }
      bytes += byte
    }
    return String(decoding: bytes, as: UTF8.self)
  }
}

/// A session with a bus of its own and a GNOME Keyring.
final class Session {
  let directory: TemporaryDirectory
  let environment: [String: String]
  private let service: Service

  static let password = "only-for-this-test"

  init(_ mode: String? = nil) throws {
    directory = try TemporaryDirectory()
    service = try Service(
      "scripts/private-session", [directory("s"), mode].compactMap { $0 })
    let pairs = service.greeting.map { $0.split(separator: "=", maxSplits: 1).map(String.init) }
    environment = Dictionary(pairs.map { ($0[0], $0[1]) }) { $1 }
  }

  var bus: BusAddress? { BusAddress.find { environment[$0] } }

  func tell(_ command: String) throws { try service.tell(command) }

  /// Ends the daemon and starts one that was never unlocked, as after an automatic login.
  func restartLocked() throws {
    try service.tell("kill-keyring", "start-locked")
  }

  func restart() throws { try service.tell("kill-keyring", "start-keyring") }

  /// Runs secret-tool(1).
  @discardableResult func secretTool(
    _ arguments: String..., input text: String = ""
  ) throws -> String {
    let process = Process()
    let input = Pipe()
    let output = Pipe()
    process.executableURL = URL(filePath: "/usr/bin/secret-tool")
    process.arguments = arguments
    process.environment = environment
    process.standardInput = input
    process.standardOutput = output
    process.standardError = output
    try process.run()
    try input.fileHandleForWriting.write(contentsOf: Data(text.utf8))
    try input.fileHandleForWriting.close()
    defer { process.waitUntilExit() }
    return String(decoding: try output.fileHandleForReading.readToEnd() ?? Data(), as: UTF8.self)
  }
}

/// What the stores of one test share.
final class Stores: @unchecked Sendable {
  /// Kept alive.
  private let session: Session?
  let bus: BusAddress?
  let locks = MemoryLocks()
  let clock: RealClock
  private let announced = Mutex<[String]>([])

  init(_ bus: BusAddress?) {
    session = nil
    self.bus = bus
    clock = RealClock()
  }

  init(_ session: Session, speed: Int64 = 1) {
    self.session = session
    bus = session.bus
    clock = RealClock(speed: speed)
  }

  var announcements: [String] { announced.withLock { $0 } }

  func store(
    _ dialogs: Interaction.Dialogs = .never, milliseconds: Int64 = 20_000,
    until call: Deadline? = nil
  ) -> KeyringStore {
    KeyringStore(
      bus: bus, clock: clock, call: call ?? Deadline(milliseconds, from: clock.now()),
      interaction: Interaction(questions: false, dialogs: dialogs), locks: locks,
      announce: { text in self.announced.withLock { $0.append(text) } })
  }
}

/// Two minutes, as at a terminal.
let waiting = Interaction.Dialogs.waiting

struct RealClock: MetiToken.Clock {
  /// How many times faster than others it runs.
  var speed: Int64 = 1

  func now() -> Moment {
    let now = Moment.now(bootID: "this-boot")
    return Moment(wall: now.wall, boot: now.boot * speed, bootID: now.bootID)
  }
  func pause(_ milliseconds: Int64) {
    Thread.sleep(forTimeInterval: Double(milliseconds) / Double(1000 * speed))
  }
  func random() -> Double { 0 }
}

/// Named locks of the threads of one process.
final class MemoryLocks: Locks, Sendable {
  private struct State {
    var held: Set<String> = []
    var notes: [String: String] = [:]
  }

  private let state = Mutex(State())

  final class Held: HeldLock {
    private let name: String
    private let locks: MemoryLocks

    init(_ name: String, _ locks: MemoryLocks) {
      self.name = name
      self.locks = locks
    }

    deinit { locks.state.withLock { _ = $0.held.remove(name) } }

    var note: String { locks.note(named: name) }

    func write(_ note: String) -> Bool {
      locks.state.withLock { $0.notes[name] = note }
      return true
    }
  }

  func tryAcquire(named name: String) -> (any HeldLock)? {
    guard state.withLock({ $0.held.insert(name).inserted }) else { return nil }
    return Held(name, self)
  }

  func acquire(
    named name: String, until deadline: Deadline, whileWaiting: () -> Bool
  ) throws(LockError) -> (any HeldLock)? {
    for _ in 0..<5000 {
      if let held = tryAcquire(named: name) { return held }
      usleep(1000)
    }
    throw LockError()
  }

  func note(named name: String) -> String { state.withLock { $0.notes[name] ?? "" } }
}

/// Why `work` fails; `nil` if it does not.
func kind(_ work: () throws -> Void) -> KeyringError.Kind? {
  do {
    try work()
    return nil
  } catch {
    return (error as? KeyringError)?.kind ?? .failed
  }
}

extension Account {
  static let ours = try! Account(name: "user@example.com", api: APIURL("https://api.example.com"))
  static let other = try! Account(name: "other@example.com", api: ours.api)
  static let elsewhere = try! Account(name: ours.name, api: APIURL("https://other.example.com"))
}

extension KeyringStore {
  /// The stored token's text.
  func tokenText(_ account: Account = .ours) throws -> String? {
    guard let token = try token(of: account) else { return nil }
    return text(token.secret)
  }

  func secretText(_ account: Account = .ours) throws -> String? {
    guard let credential = try credential(of: account) else { return nil }
    return text(credential.secret)
  }

  func storeToken(_ text: String = "token", of account: Account = .ours, mayPrompt: Bool = true)
    throws
  {
    let now = Moment.now(bootID: "this-boot")
    try store(
      Token(
        secret: Secret(copying: text), account: account.name,
        expiry: now.later(3600 * 1000), lifetime: 3600), of: account,
      mayPrompt: mayPrompt)
  }

  func storeCredential(_ password: String = "password", of account: Account = .ours) throws {
    try store(Credential(account: account, secret: Secret(copying: password)))
  }

  /// An account and its token.
  func storeBoth() throws {
    try storeCredential()
    try storeToken()
  }
}
