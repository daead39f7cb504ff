import Glibc
import MetiToken
import Testing

@testable import Posix

@Suite struct `The machine's clock` {
  private let clock = SystemClock()

  @Test func `does not go backwards`() {
    let first = clock.now()
    let second = clock.now()
    #expect(second.boot >= first.boot)
    #expect(second.bootID == first.bootID)
  }

  @Test func `shows the wall time in milliseconds`() {
    var time = timespec()
    _ = unsafe clock_gettime(CLOCK_REALTIME, &time)
    #expect(abs(clock.now().wall / 1000 - Int64(time.tv_sec)) < 60)
  }

  @Test func `knows which start of the machine it counts from`() {
    // A UUID with its four hyphens (random(4)).
    #expect(clock.now().bootID.utf8.count == 36)
  }

  @Test(arguments: [0, -1, Int64.min])
  func `does not pause for nothing`(_ milliseconds: Int64) {
    let start = clock.now()
    clock.pause(milliseconds)
    #expect(clock.now().boot - start.boot < 10_000)
  }

  @Test func `pauses at least as long as it is told`() {
    let start = clock.now()
    clock.pause(15)
    #expect(clock.now().boot - start.boot >= 14)
  }

  @Test func `gives numbers from 0 to 1`() {
    #expect((0..<1000).allSatisfy { _ in (0..<1).contains(clock.random()) })
  }
}

@Suite struct `A small file` {
  private let directory: TemporaryDirectory

  init() throws { directory = try TemporaryDirectory() }

  @Test(
    arguments: [
      ("id\n", "id"), ("id", "id"), ("  id\nmore\n", "id"), ("", ""), ("\n", ""), ("a b\n", "a b"),
    ])
  func `is read to the end of its first line`(_ text: String, _ contents: String) throws {
    try directory.write(Array(text.utf8), to: "file")
    #expect(File.contents(directory("file"), limit: 64) == contents)
  }

  @Test func `is read up to the limit`() throws {
    try directory.write(Array("abcdef".utf8), to: "file")
    #expect(File.contents(directory("file"), limit: 4) == "abcd")
  }

  @Test func `that is not there has no text`() {
    #expect(File.contents(directory("file"), limit: 64) == nil)
  }

  @Test func `that is not UTF-8 has no text`() throws {
    try directory.write([0xFF, 0xFE], to: "file")
    #expect(File.contents(directory("file"), limit: 64) == nil)
  }
}

@Suite struct `The arguments of a process` {
  private func given<Value>(_ texts: String..., look: (Arguments) -> Value) -> Value {
    var list = unsafe texts.map { unsafe strdup($0) } + [nil]
    defer { for index in texts.indices { unsafe free(list[index]) } }
    return unsafe list.withUnsafeMutableBufferPointer { list in
      look(unsafe Arguments(Int32(texts.count), list.baseAddress!))
    }
  }

  @Test func `are none beside its name`() {
    #expect(given("/bin/meti-token") { $0.areNone })
    #expect(given { $0.areNone })
    #expect(!given("meti-token", "") { $0.areNone })
  }

  @Test func `are one, byte for byte`() {
    #expect(given("meti-token", "--header") { $0.areOnly("--header") })
    for other in ["--heade", "--headers", "", "--HEADER"] {
      #expect(!given("meti-token", other) { $0.areOnly("--header") }, "\(other)")
    }
    #expect(!given("--header") { $0.areOnly("--header") })
    #expect(!given("meti-token", "--header", "-v") { $0.areOnly("--header") })
  }

  @Test func `tell the end of its name`() {
    #expect(given("/usr/bin/git-credential-meti") { $0.name(endsWith: "git-credential-meti") })
    #expect(!given("meti-token") { $0.name(endsWith: "git-credential-meti") })
    #expect(!given("meti") { $0.name(endsWith: "git-credential-meti") })
    #expect(!given { $0.name(endsWith: "meti") })
  }
}

@Suite struct `A process` {
  @Test func `sees its environment`() {
    #expect(Process.variable("PATH") != nil)
    #expect(Process.variable("METI_NO_SUCH_VARIABLE") == nil)
  }

  @Test func `knows the file it was started from`() {
    #expect(Process.executable?.hasPrefix("/") ?? false)
  }

  @Test func `stays what it is when it cannot become another`() throws {
    let directory = try TemporaryDirectory()
    try directory.write([], to: "file")
    let arguments = unsafe Arguments(CommandLine.argc, CommandLine.unsafeArgv)
    #expect(Process.become(directory("nothing"), arguments) == ENOENT)
    #expect(Process.become(directory.path, arguments) == EACCES)
    #expect(Process.become(directory("file"), arguments) == EACCES)
  }

  @Test func `writes all of a text that is larger than a pipe`() throws {
    let directory = try TemporaryDirectory()
    let long = String(repeating: "0123456789", count: 100_000)
    let descriptor = unsafe open(directory("file"), O_WRONLY | O_CREAT | O_CLOEXEC, 0o600)
    let isWritten = Process.write(long, to: descriptor)
    close(descriptor)
    #expect(isWritten)
    #expect(try String(contentsOfFile: directory("file"), encoding: .utf8) == long)
  }

  @Test func `writes nothing without trouble`() {
    #expect(Process.write("", to: -1))
  }

  @Test func `is told when it cannot write`() {
    #expect(!Process.write("a", to: -1))
    #expect(errno == EBADF)
  }

  @Test func `is told when the disk is full`() {
    let full = unsafe open("/dev/full", O_WRONLY | O_CLOEXEC)
    defer { close(full) }
    #expect(!Process.write("a", to: full))
  }
}
