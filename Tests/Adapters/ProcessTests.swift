import Foundation
import Glibc
import MetiToken
import Testing

@testable import System

private typealias Process = System.Process
private typealias Pipe = System.Pipe

private func run(
  _ script: String, within milliseconds: Int64 = 60_000
) throws -> Process.Output {
  let clock = SystemClock()
  return try Process.run(
    "/bin/sh", ["-c", script], environment: Environment(),
    until: Deadline(milliseconds, from: clock.now()), clock: clock)
}

@Suite struct `This process` {
  @Test func `sees its environment`() {
    #expect(Process.variable("PATH") != nil)
    #expect(Process.variable("METI_NO_SUCH_VARIABLE") == nil)
    #expect(Process.isUTF8("PATH") && Process.isUTF8("METI_NO_SUCH_VARIABLE"))
  }

  @Test func `knows the file it was started from`() {
    #expect(Process.executable?.hasPrefix("/") ?? false)
  }

  @Test func `writes all of a text that is larger than a pipe`() throws {
    let directory = try TemporaryDirectory()
    let long = String(repeating: "0123456789", count: 100_000)
    let descriptor = unsafe open(directory("file"), O_WRONLY | O_CREAT | O_CLOEXEC, 0o600)
    let isWritten = Process.write(long, to: descriptor)
    close(descriptor)
    #expect(isWritten)
    #expect(try directory.text("file") == long)
  }

  @Test func `writes nothing without an error`() {
    #expect(Process.write("", to: -1))
  }

  @Test func `sees why it cannot write`() {
    #expect(!Process.write("a", to: -1))
    #expect(errno == EBADF)
    let full = unsafe open("/dev/full", O_WRONLY | O_CLOEXEC)
    defer { close(full) }
    #expect(!Process.write("a", to: full))
    #expect(errno == ENOSPC)
  }
}

@Suite struct `A child` {
  @Test func `has ended when its output and its status are returned`() throws {
    let output = try run("echo output; echo error >&2; exit 3")
    #expect(
      output
        == Process.Output(
          status: .exit(3), output: Array("output\n".utf8), errors: Array("error\n".utf8)))
  }

  @Test func `may write more to both streams than a pipe holds`() throws {
    let output = try run("head -c 200000 /dev/zero >&2; head -c 300000 /dev/zero")
    #expect(output.status == .exit(0))
    #expect(output.output.count == 300_000 && output.errors.count == 200_000)
  }

  @Test func `that a signal ends did not exit`() throws {
    #expect(try run("kill -TERM $$").status == .signal(SIGTERM))
  }

  @Test func `that does not end in time is killed`() throws {
    #expect(throws: SystemError(ETIMEDOUT)) { try run("exec sleep 60", within: 50) }
  }

  @Test func `that cannot be started is an error`() throws {
    #expect(throws: SystemError(ENOENT)) {
      try Process.start("/nonexistent", [Array("a".utf8)], environment: Environment(), files: [:])
    }
  }

  @Test func `of another process has no status`() {
    #expect(throws: SystemError(ECHILD)) { try Process.wait(for: getppid()) }
  }

  @Test func `dumps no core`() throws {
    let before = try run("ulimit -H -c").output
    #expect(try String(decoding: run("ulimit -S -c").output, as: UTF8.self) == "0\n")
    #expect(try run("ulimit -H -c").output == before)
  }

  @Test func `blocks no signals`() throws {
    var all = sigset_t()
    unsafe sigfillset(&all)
    var before = sigset_t()
    unsafe pthread_sigmask(SIG_SETMASK, &all, &before)
    defer { unsafe pthread_sigmask(SIG_SETMASK, &before, nil) }
    let status = try run("grep SigBlk /proc/self/status").output
    #expect(String(decoding: status, as: UTF8.self) == "SigBlk:\t0000000000000000\n")
  }

  @Test func `inherits only the descriptors that it is given`() throws {
    let given = try Pipe(holding: Secret(copying: "token"))
    let other = try Pipe()
    var output = try Pipe()
    let script =
      "cat /dev/fd/\(given.reading); [ -e /proc/self/fd/\(other.reading) ] || echo; exec 1>&-"
    let pid = try Process.start(
      "/bin/sh", ["sh", "-c", script].map { Array($0.utf8) }, environment: Environment(),
      files: [output.writing: 1, given.reading: given.reading])
    output.closeWriting()
    #expect(try Process.wait(for: pid) == .exit(0))
    var bytes: [UInt8] = []
    while output.reading >= 0 { output.read(into: &bytes) }
    #expect(String(decoding: bytes, as: UTF8.self) == "token\n")
  }

  @Test func `gets a secret in a variable, in place of the one there was`() throws {
    var environment = Environment()
    environment.remove(["HOME"])
    environment.set("PATH", to: Secret(copying: "/secret"))
    let clock = SystemClock()
    let output = try Process.run(
      "/bin/sh", ["-c", "echo $PATH ${HOME-none}"], environment: environment,
      until: Deadline(60_000, from: clock.now()), clock: clock)
    #expect(String(decoding: output.output, as: UTF8.self) == "/secret none\n")
  }
}

@Suite struct `A pipe` {
  @Test func `that nothing was written to yet gives nothing and stays open`() throws {
    var pipe = try Pipe()
    var bytes: [UInt8] = []
    pipe.read(into: &bytes)
    #expect(bytes.isEmpty && pipe.reading >= 0)
  }

  @Test func `closes behind its last byte`() throws {
    var pipe = try Pipe(holding: Secret(copying: "abc"))
    var bytes: [UInt8] = []
    pipe.read(into: &bytes)
    #expect(bytes == Array("abc".utf8) && pipe.reading >= 0)
    pipe.read(into: &bytes)
    #expect(bytes == Array("abc".utf8) && pipe.reading < 0)
  }

  @Test func `holds the longest token`() throws {
    var pipe = try Pipe(holding: Secret(copying: String(repeating: "x", count: 17_000)))
    var bytes: [UInt8] = []
    while pipe.reading >= 0 { pipe.read(into: &bytes) }
    #expect(bytes.count == 17_000)
  }

  @Test func `that is too small for a secret is an error`() throws {
    let long = Secret(copying: String(repeating: "x", count: 3_000_000))
    #expect(throws: SystemError(EAGAIN)) { _ = try Pipe(holding: long) }
  }
}

@Suite struct `The search path` {
  private let directory: TemporaryDirectory

  init() throws {
    directory = try TemporaryDirectory()
    for name in ["a", "b", "b/tool", "c"] { try directory.make(name) }
    for name in ["c/tool", "a/tool"] { try directory.write([], to: name) }
    _ = unsafe chmod(directory("c/tool"), 0o755)
  }

  @Test func `has the first executable file of a name`() {
    let path = ["a", "b", "c"].map { directory($0) }.joined(separator: ":")
    #expect(SearchPath.find("tool", in: path) == directory("c/tool"))
    #expect(SearchPath.find("none", in: path) == nil)
  }

  @Test(arguments: ["", ".", "bin", "::", "./bin"])
  func `has no relative directories`(_ path: String) {
    #expect(SearchPath.find("sh", in: path) == nil)
  }
}

@Suite(.serialized) struct `Caught signals` {
  @Test func `are passed on, also if the parent has blocked them`() throws {
    var blocked = signalSet([SIGUSR2])
    unsafe pthread_sigmask(SIG_BLOCK, &blocked, nil)
    defer { unsafe pthread_sigmask(SIG_UNBLOCK, &blocked, nil) }
    let signals = SignalWatch([SIGUSR2])
    _ = pthread_kill(pthread_self(), SIGUSR2)
    #expect(signals.next() == SIGUSR2)
  }

  @Test func `are waited for no longer than asked`() {
    let signals = SignalWatch([SIGUSR2])
    #expect(signals.wait(milliseconds: 1) == nil)
  }
}
