import Foundation
import Glibc
import Testing

@testable import MetiToken
@testable import System

/// Acquires a lock that is free or about to be: a child that another test starts keeps what its
/// parent has open until it executes its program.
func acquireSoon(_ name: String, in directory: String) throws -> (any HeldLock)? {
  let clock = SystemClock()
  return try FileLock(directory: directory, clock: clock)
    .acquire(named: name, until: Deadline(5000, from: clock.now()), whileWaiting: { false })
}

@Suite struct `A lock` {
  private let directory: TemporaryDirectory
  private let clock = FakeClock()
  private let lock: FileLock
  private let account: Account
  private let file: String

  init() throws {
    directory = try TemporaryDirectory()
    lock = FileLock(directory: directory.path, clock: clock)
    account = try Account(name: "a@b.c", api: .standard)
    file = "\(Fingerprint.of(account.description)).lock"
  }

  private func acquire(
    within milliseconds: Int64 = 1000, whileWaiting: () -> Bool = { false }
  ) throws(LockError) -> (any HeldLock)? {
    try lock.acquire(
      account, until: Deadline(milliseconds, from: clock.now()), whileWaiting: whileWaiting)
  }

  @Test func `that is free is acquired at once, even with no time left`() throws {
    #expect(try acquire(within: 0) != nil)
    #expect(clock.pauses == [])
  }

  @Test func `that is held is not acquired before the deadline`() throws {
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

  @Test func `is acquired by a waiting call when it is released`() throws {
    var held = try acquire()
    clock.whilePausing = { [clock] in
      if clock.pauses.count == 3 { held = nil }
      usleep(1000)
    }
    #expect(try acquire() != nil)
    #expect(clock.pauses.starts(with: [1, 2, 3]))
    withExtendedLifetime(held) {}
  }

  @Test func `is released with the last reference to it`() throws {
    do { _ = try acquire() }
    _ = try acquireSoon(account.description, in: directory.path)
  }

  @Test func `is not waited for if only a free one is wanted`() throws {
    let held = lock.tryAcquire(account)
    #expect(held != nil)
    #expect(lock.tryAcquire(account) == nil)
    #expect(clock.pauses == [])
    withExtendedLifetime(held) {}
  }

  @Test func `is no longer waited for if that is needless`() throws {
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

  @Test func `that is free is acquired without asking whether it is needed`() throws {
    #expect(try acquire { true } != nil)
  }

  @Test func `of another account is another one`() throws {
    let held = try acquire()
    #expect(lock.tryAcquire(try Account(name: "b@b.c", api: .standard)) != nil)
    withExtendedLifetime(held) {}
  }

  @Test func `may have a name instead of an account, and a note`() throws {
    let held = try #require(lock.tryAcquire(named: "prompt"))
    #expect(lock.tryAcquire(named: "prompt") == nil)
    #expect(lock.tryAcquire(named: "keyring") != nil)
    #expect(held.note == "" && lock.note(named: "prompt") == "")
    #expect(held.write("open since noon\n"))
    #expect(lock.note(named: "prompt") == "open since noon\n")
    #expect(held.write("") && held.note == "")
    #expect(throws: LockError()) {
      try lock.acquire(
        named: "prompt", until: Deadline(10, from: clock.now()), whileWaiting: { false })
    }
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
    _ = try acquireSoon(account.description, in: directory.path)
    #expect(child.isRunning)
  }

  @Test func `excludes other processes`() throws {
    let held = try acquire()
    let child = Foundation.Process()
    child.executableURL = URL(filePath: "/usr/bin/flock")
    child.arguments = ["--nonblock", directory(file), "/bin/true"]
    try child.run()
    child.waitUntilExit()
    #expect(child.terminationStatus == 1)
    withExtendedLifetime(held) {}
  }

  @Test func `is a file that its owner alone can read, whatever the umask`() throws {
    let (directory, account) = (directory, account)
    try withUmask(0o777) {
      _ = FileLock(directory: directory.path, clock: SystemClock()).tryAcquire(account)
    }
    #expect(try directory.mode(file) == 0o600)
    #expect(try directory.text(file) == "")
    #expect(try directory.names() == [file])
    _ = try acquireSoon(account.description, in: directory.path)
  }
}

@Suite struct `Without a file that can be locked` {
  private let clock = FakeClock()
  private let account: Account

  init() throws { account = try Account(name: "a@b.c", api: .standard) }

  @Test(arguments: [nil, "/nonexistent/meti-token", "/dev/null"])
  func `no call excludes another`(_ directory: String?) throws {
    let lock = FileLock(directory: directory, clock: clock)
    let held = (lock.tryAcquire(account), lock.tryAcquire(account))
    #expect(held.0 != nil && held.1 != nil)
    #expect(held.0?.write("note") == false && held.0?.note == "")
  }

  @Test func `the target of a symbolic link is not touched`() throws {
    let directory = try TemporaryDirectory()
    try directory.write(Array("precious".utf8), to: "target")
    try directory.link("\(Fingerprint.of("a")).lock", to: directory("target"))
    let lock = FileLock(directory: directory.path, clock: clock)
    #expect(lock.tryAcquire(named: "a")?.write("note") == false)
    #expect(try directory.text("target") == "precious")
  }
}
