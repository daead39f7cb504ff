import Foundation
import Glibc
import MetiToken
import Posix
import Testing

@testable import FileLock

extension FileLock {
  fileprivate init(directory: String?, clock: any MetiToken.Clock) {
    self.init(directories: directory.map { [$0] } ?? [], clock: clock)
  }

  /// Takes a lock that is free or about to be: a child that another test starts keeps what its
  /// parent has open until it becomes another program.
  fileprivate static func take(_ name: String, in directory: String) throws -> any HeldLock {
    let clock = SystemClock()
    let lock = FileLock(directory: directory, clock: clock)
    return try #require(try lock.acquire(named: name, until: Deadline(5000, from: clock.now())))
  }
}

@Suite struct `A lock` {
  private let directory: TemporaryDirectory
  private let clock = FakeClock()
  private let lock: FileLock
  private let name = "meti-token:https://api.meti.millpont.com#a@b.c"

  init() throws {
    directory = try TemporaryDirectory()
    lock = FileLock(directory: directory.path, clock: clock)
  }

  private func acquire(
    _ name: String? = nil, within milliseconds: Int64 = 1000, whileWaiting: () -> Bool = { false }
  ) throws(LockError) -> (any HeldLock)? {
    try lock.acquire(
      named: name ?? self.name, until: Deadline(milliseconds, from: clock.now()),
      whileWaiting: whileWaiting)
  }

  private var file: String { directory("\(FileLock.fileName(name)).lock") }

  @Test func `that nobody holds is had at once, even with no time left`() throws {
    let held = try acquire(within: 0)
    #expect(held != nil)
    #expect(clock.pauses == [])
  }

  @Test func `that is held is not had before the deadline`() throws {
    let held = try acquire()
    #expect(throws: LockError()) { try acquire(within: 300) }
    #expect(clock.pauses.reduce(0, +) == 300)
    withExtendedLifetime(held) {}
  }

  @Test func `is tried again in short, growing pauses`() throws {
    let held = try acquire()
    #expect(throws: LockError()) { try acquire(within: 100) }
    #expect(clock.pauses == [1, 2, 3, 5, 9, 11, 11, 11, 11, 11, 11, 11, 3])
    withExtendedLifetime(held) {}
  }

  @Test func `that is let go is had by who waits`() throws {
    var held = try acquire()
    clock.whilePausing = { [clock] in
      if clock.pauses.count == 3 { held = nil }
      usleep(1000)
    }
    let next = try acquire()
    #expect(next != nil)
    #expect(clock.pauses.starts(with: [1, 2, 3]))
    withExtendedLifetime(held) {}
  }

  @Test func `is let go with the last reference to it`() throws {
    do { _ = try acquire() }
    _ = try FileLock.take(name, in: directory.path)
  }

  @Test func `is no longer waited for when that has become needless`() throws {
    let held = try acquire()
    var count = 0
    let next = try acquire {
      count += 1
      return count == 4
    }
    #expect(next == nil)
    #expect(clock.pauses.count == 3)
    withExtendedLifetime(held) {}
  }

  @Test func `that is free is taken without asking whether it is needed`() throws {
    let held = try acquire { true }
    #expect(held != nil)
  }

  @Test func `of another account is another`() throws {
    let held = try acquire("a")
    let other = try acquire("b", within: 0)
    #expect(other != nil)
    withExtendedLifetime(held) {}
  }

  @Test func `of an account is that of its kernel key`() throws {
    let account = try Account(name: "a@b.c", api: .standard)
    let held = try lock.acquire(account, until: Deadline(0, from: noon), whileWaiting: { false })
    #expect(throws: LockError()) { try acquire(within: 0) }
    withExtendedLifetime(held) {}
  }

  @Test func `is not inherited by the programs that are started meanwhile`() throws {
    var held = try acquire()
    let child = Foundation.Process()
    child.executableURL = URL(filePath: "/bin/sleep")
    child.arguments = ["60"]
    try child.run()
    defer {
      kill(child.processIdentifier, SIGKILL)
      child.waitUntilExit()
    }
    withExtendedLifetime(held) {}
    held = nil
    _ = try FileLock.take(name, in: directory.path)
    #expect(child.isRunning)
  }

  @Test func `excludes other processes`() throws {
    let held = try acquire()
    let child = Foundation.Process()
    child.executableURL = URL(filePath: "/usr/bin/flock")
    child.arguments = ["--nonblock", file, "/bin/true"]
    try child.run()
    child.waitUntilExit()
    #expect(child.terminationStatus == 1)
    withExtendedLifetime(held) {}
  }

  @Test func `is a file that only we can read, and says nothing`() throws {
    _ = try acquire()
    let attributes = try FileManager.default.attributesOfItem(atPath: file)
    #expect(attributes[.posixPermissions] as? Int == 0o600)
    #expect(attributes[.size] as? Int == 0)
    #expect(try directory.names() == ["\(FileLock.fileName(name)).lock"])
  }

  @Test(arguments: [
    ("", "cbf29ce484222325"), ("a", "af63dc4c8601ec8c"), ("foobar", "85944171f73967e8"),
  ])
  func `is called by the FNV-1a of its name`(_ name: String, _ hash: String) {
    // From draft-eastlake-fnv, appendix C.
    #expect(FileLock.fileName(name) == hash)
  }
}

@Suite struct `Where no file can be locked` {
  private let clock = FakeClock()

  /// Two locks at once show that none excludes.
  private func bothHeld(in directory: String?) throws -> Bool {
    let lock = FileLock(directory: directory, clock: clock)
    let first = try lock.acquire(named: "a", until: Deadline(0, from: noon))
    let second = try lock.acquire(named: "a", until: Deadline(0, from: noon))
    return first != nil && second != nil
  }

  @Test func `for want of a directory every call is let through`() throws {
    #expect(try bothHeld(in: nil))
  }

  @Test func `because the directory is gone every call is let through`() throws {
    #expect(try bothHeld(in: "/nonexistent/meti-token"))
  }

  @Test func `because the directory is none every call is let through`() throws {
    #expect(try bothHeld(in: "/dev/null"))
  }

  @Test func `because a symbolic link stands there its target is not touched`() throws {
    let directory = try TemporaryDirectory()
    try directory.write(Array("precious".utf8), to: "target")
    try directory.link("\(FileLock.fileName("a")).lock", to: directory("target"))
    let lock = FileLock(directory: directory.path, clock: clock)
    let held = try lock.acquire(named: "a", until: Deadline(0, from: noon))
    held?.backOff = BackOff(since: noon, pause: 8000, reason: "trouble")
    #expect(try String(contentsOfFile: directory("target"), encoding: .utf8) == "precious")
  }

  @Test func `because the file system has no locks every call is let through`() throws {
    let directory = try TemporaryDirectory()
    let lock = FileLock([directory.path], clock, system: Self.without)
    #expect(try lock.acquire(named: "a", until: Deadline(0, from: noon)) is Unlocked)
    #expect(lock.place() == nil)
  }

  @Test func `the next directory is tried`() throws {
    let (first, second) = (try TemporaryDirectory(), try TemporaryDirectory())
    var tried = 0
    let lock = FileLock(["/nonexistent", first.path, second.path], clock) {
      tried += 1
      return tried == 1 ? Self.without($0, $1) : flock($0, $1)
    }
    let held = try lock.acquire(named: "a", until: Deadline(0, from: noon))
    #expect(held is LockFile)
    #expect(try second.names() == ["\(FileLock.fileName("a")).lock"])
    #expect(throws: LockError()) {
      try FileLock(directory: second.path, clock: clock)
        .acquire(named: "a", until: Deadline(0, from: noon))
    }
    withExtendedLifetime(held) {}
  }

  private static func without(_ descriptor: Int32, _ operation: Int32) -> Int32 {
    errno = ENOLCK
    return -1
  }

  @Test func `somebody is told, of an account's lock alone`() throws {
    var told = 0
    let lock = FileLock(directories: [], clock: clock, whenUnlocked: { told += 1 })
    _ = try lock.acquire(named: "keyring", until: Deadline(0, from: noon))
    #expect(told == 0)
    let account = try Account(name: "a@b.c", api: .standard)
    _ = try lock.acquire(account, until: Deadline(0, from: noon), whileWaiting: { false })
    #expect(told == 1)
  }

  @Test func `a shelf takes what is left`() throws {
    let shelf = FakeShelf()
    let note = LockNote(
      backOff: BackOff(since: noon, pause: 8000, reason: "trouble"),
      refusals: [LockNote.Refusal(mark: "env:1f", since: noon)])
    func held() throws -> any HeldLock {
      let lock = FileLock(directories: [], clock: clock, lastResort: shelf)
      return try #require(try lock.acquire(named: "a", until: Deadline(0, from: noon)))
    }
    #expect(try held().leave(note))
    #expect(try held().note == note)
    #expect(try held().leave(LockNote()))
    #expect(shelf.notes == ["a": ""])
    shelf.isFull = true
    #expect(try !held().leave(note))
  }

  @Test(arguments: [false, true])
  func `what is left is told`(_ hasDirectory: Bool) throws {
    let directory = try TemporaryDirectory()
    let lock = FileLock(
      hasDirectory ? [directory.path] : [], clock, FakeShelf(), system: Self.without)
    let account = try Account(name: "a@b.c", api: .standard)
    #expect(lock.note(of: account).isEmpty)
    let held = try lock.acquire(account, until: Deadline(0, from: noon), whileWaiting: { false })
    held?.revise { $0.refuse("env:1f", at: noon) }
    #expect(lock.note(of: account).refusals.map(\.mark) == ["env:1f"])
  }

  @Test func `the pause is still known to the call itself`() throws {
    let lock = FileLock(directory: nil, clock: clock)
    let held = try lock.acquire(named: "a", until: Deadline(0, from: noon))
    let pause = BackOff(since: noon, pause: 8000, reason: "trouble")
    held?.backOff = pause
    #expect(held?.backOff == pause)
  }
}

@Suite struct `The pause in a lock file` {
  private let directory: TemporaryDirectory
  private let pause = BackOff(since: noon, pause: 8000, reason: "METI is in trouble (503)")
  private var file: String { "\(FileLock.fileName("a")).lock" }

  init() throws { directory = try TemporaryDirectory() }

  private func held() throws -> any HeldLock {
    try FileLock.take("a", in: directory.path)
  }

  @Test func `is none at first`() throws {
    #expect(try held().backOff == nil)
  }

  @Test func `is found by the next holder`() throws {
    try held().backOff = pause
    #expect(try held().backOff == pause)
  }

  @Test func `is replaced by a shorter one`() throws {
    try held().backOff = BackOff(
      since: noon, pause: 3_600_000, reason: String(repeating: "long ", count: 20))
    try held().backOff = pause
    #expect(try held().backOff == pause)
  }

  @Test func `is cleared`() throws {
    try held().backOff = pause
    try held().backOff = nil
    #expect(try held().backOff == nil)
    #expect(try Data(contentsOf: URL(filePath: directory(file))).isEmpty)
  }

  @Test func `may say why with an equals sign`() throws {
    var odd = pause
    odd = BackOff(since: odd.since, pause: odd.pause, reason: "a=b, c=d")
    try held().backOff = odd
    #expect(try held().backOff == odd)
  }

  @Test func `that is no pause is none`() throws {
    try held().backOff = BackOff(since: noon, pause: 0, reason: "bad certificate")
    #expect(try held().backOff == nil)
  }

  @Test(arguments: [
    Array("garbage".utf8), Array("\n\n=\n==\n".utf8), [0xFF, 0xFE, 0x00],
    [UInt8](repeating: 0, count: 100),
    Array(repeating: UInt8(ascii: "x"), count: 100_000),
    Array("since_ms=a\nsince_boot_ms=b\nboot_id=c\npause_ms=d\nreason=e\n".utf8),
    Array("since_ms=1\nsince_boot_ms=1\nboot_id=c\npause_ms=-1\nreason=e\n".utf8),
    Array("since_ms=1\nsince_boot_ms=1\nboot_id=c\npause_ms=1\n".utf8),
  ])
  func `that is not legible is none`(_ bytes: [UInt8]) throws {
    try directory.write(bytes, to: file)
    #expect(try held().backOff == nil)
  }

  @Test(arguments: [
    ("9223372036854775807", "1"), ("1", "9223372036854775807"), ("-9223372036854775808", "1"),
    ("0", "9223372036854775807"), ("9223372036854775807", "9223372036854775807"),
  ])
  func `that nobody can have left is over`(_ since: String, _ milliseconds: String) throws {
    let text = """
      since_ms=0
      since_boot_ms=\(since)
      boot_id=this boot
      pause_ms=\(milliseconds)
      reason=e

      """
    try directory.write(Array(text.utf8), to: file)
    #expect(try held().backOff?.remaining(at: noon) == 0)
  }

  @Test func `goes when its file cannot be understood and is written again`() throws {
    try directory.write(Array("garbage".utf8), to: file)
    try held().backOff = pause
    #expect(try held().backOff == pause)
  }

  @Test func `may be for an answer that is of no use`() throws {
    let pause = BackOff(since: noon, pause: 2000, reason: "no token", isUnusable: true)
    try held().backOff = pause
    #expect(try held().backOff == pause)
  }

  @Test func `stands beside what METI has refused`() throws {
    let note = LockNote(
      backOff: pause,
      refusals: [
        LockNote.Refusal(mark: "env:1f", since: noon),
        LockNote.Refusal(mark: "file:1.2.3", since: noon.later(1)),
      ])
    #expect(try held().leave(note))
    #expect(try held().note == note)
    try held().backOff = nil
    #expect(try held().note == LockNote(refusals: note.refusals))
    try held().revise { $0.forgive("env:1f") }
    #expect(try held().note.refusals.map(\.mark) == ["file:1.2.3"])
  }

  @Test(arguments: ["", "env:1", "env:1 2", "env:1 2 3", "env:1 x 3 boot", "env:1 2 x boot"])
  func `knows no refusal that is not legible`(_ text: String) throws {
    try directory.write(Array("refused=\(text)\n".utf8), to: file)
    #expect(try held().note.isEmpty)
  }
}

private final class FakeShelf: NoteShelf {
  var notes: [String: String] = [:]
  var isFull = false

  func note(_ name: String) -> String { notes[name] ?? "" }

  func keep(_ note: String, as name: String, seconds: UInt32) -> Bool {
    guard !isFull else { return false }
    notes[name] = note
    return true
  }
}
