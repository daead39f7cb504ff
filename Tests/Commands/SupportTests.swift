import CTestSupport
import Foundation
import Glibc
import Testing

@Suite("Support works")
struct SupportTests {
  let secretTool = Program("secret-tool")
  let sh = Program("/bin/sh")

  /// Whether the process is there, and not just waiting for its parent to take note of its end.
  func isAlive(_ pid: Int32) -> Bool {
    guard let stat = try? String(contentsOfFile: "/proc/\(pid)/stat", encoding: .utf8),
      let state = stat.split(separator: ")").last?.split(separator: " ").first
    else { return false }
    return state != "Z"
  }

  func becomesTrue(_ condition: () -> Bool) -> Bool {
    let deadline = ContinuousClock.now + .seconds(5)
    while !condition() {
      guard ContinuousClock.now < deadline else { return false }
      usleep(5000)
    }
    return true
  }

  // MARK: Programs

  @Test func `a program has the environment given to it and nothing else`() throws {
    let outcome = try Program("env").run(environment: ["A": "1", "PATH": "/usr/bin:/bin"])
    #expect(Set(outcome.out.split(separator: "\n")) == ["A=1", "PATH=/usr/bin:/bin"])
    #expect(outcome.err == "")
    #expect(outcome.status == .exit(0))
  }

  @Test func `more than a pipe holds goes in and comes out`() throws {
    let bytes = (0..<1_000_000).map { UInt8(truncatingIfNeeded: $0) }
    let script = "tee /dev/stderr"
    let outcome = try sh.run(["-c", script], input: .bytes(bytes))
    #expect(outcome.stdout == bytes)
    #expect(outcome.stderr == bytes)
  }

  @Test func `a program that reads nothing does no harm`() throws {
    let bytes = [UInt8](repeating: 0, count: 1_000_000)
    #expect(try Program("true").run(input: .bytes(bytes)).status == .exit(0))
  }

  @Test func `the status tells exits from signals`() throws {
    #expect(try sh.run(["-c", "exit 77"]).status == .exit(77))
    #expect(try sh.run(["-c", "kill -PIPE $$"]).status == .signal(SIGPIPE))
  }

  @Test func `what takes too long is killed with all it started`() throws {
    let outcome = try sh.run(
      ["-c", "sleep 100 & echo $!; sleep 100"], timeout: .milliseconds(200))
    #expect(outcome.status == .timeout)
    let sleeper = try #require(Int32(outcome.value))
    #expect(becomesTrue { !isAlive(sleeper) })
  }

  @Test func `a program has three open files and no terminal`() throws {
    let script = "ls /proc/$$/fd; (: </dev/tty) 2>/dev/null || echo no terminal"
    #expect(try sh.run(["-c", script]).out == "0\n1\n2\nno terminal\n")
  }

  @Test func `many programs run at once`() throws {
    let children = try (0..<64).map { try sh.start(["-c", "sleep 0.2; echo \($0)"]) }
    let start = ContinuousClock.now
    #expect(children.map { $0.wait().value } == (0..<64).map(String.init))
    #expect(ContinuousClock.now < start + .seconds(5))
  }

  @Test func `outputs may be full or closed`() throws {
    #expect(try sh.run(["-c", "echo a"], output: .file("/dev/full")).status == .exit(1))
    #expect(try sh.run(["-c", "echo a"], output: .closed).status == .exit(1))
  }

  // MARK: Terminals

  @Test func `a terminal shows whether echo is on, and how it was left`() throws {
    let script = """
      read -r go </dev/tty
      stty -echo </dev/tty; printf 'Password: ' >/dev/tty; read -r word </dev/tty
      stty echo </dev/tty; echo "[$word]"
      """
    let terminal = try Terminal(sh, ["-c", script], output: .pipe)
    #expect(terminal.echoIsOn)
    terminal.send("go\n")
    try terminal.expect("Password: ")
    #expect(!terminal.echoIsOn)
    terminal.send("secret\n")
    let outcome = terminal.wait()
    #expect(outcome.out == "[secret]\n")
    #expect(!terminal.screen.contains("secret"))
    #expect(outcome.status == .exit(0))
    #expect(terminal.echoWasLeftOn == true)
  }

  @Test func `a terminal that was left without echo is noticed`() throws {
    let terminal = try Terminal(sh, ["-c", "stty -echo"])
    #expect(terminal.wait().status == .exit(0))
    #expect(terminal.echoWasLeftOn == false)
  }

  @Test func `what is typed is echoed, and Ctrl-C interrupts`() throws {
    let terminal = try Terminal(Program("cat"))
    terminal.send("hello\n")
    try terminal.expect("hello\r\nhello\r\n")
    terminal.send("\u{3}")
    #expect(terminal.wait(timeout: .seconds(5)).status == .exit(128 + SIGINT))
  }

  @Test func `Ctrl-D ends the input`() throws {
    let terminal = try Terminal(Program("cat"), output: .pipe)
    terminal.send("hello\n\u{4}")
    let outcome = terminal.wait(timeout: .seconds(5))
    #expect(outcome.status == .exit(0))
    #expect(outcome.out == "hello\n")
  }

  // MARK: Desktops

  @Test func `an unlocked desktop serves secrets`() throws {
    let desktop = try Desktop()
    let stored = try secretTool.run(
      ["store", "--label=A label", "key", "value"], input: .text("a secret"),
      environment: desktop.environment)
    #expect(stored.status == .exit(0))
    let lookup = {
      try secretTool.run(["lookup", "key", "value"], environment: desktop.environment)
    }
    #expect(try lookup().out == "a secret")

    try desktop.lock()
    #expect(try lookup().out == "")

    try desktop.killKeyring()
    #expect(try lookup().err.contains("org.freedesktop.secrets"))

    try desktop.startKeyring()
    #expect(try lookup().out == "a secret")
  }

  @Test func `a locked desktop gives nothing`() throws {
    let desktop = try Desktop(.locked)
    let outcome = try secretTool.run(["lookup", "key", "value"], environment: desktop.environment)
    #expect(outcome.status == .exit(1))
    #expect(outcome.out == "")
    let stored = try secretTool.run(
      ["store", "--label=A label", "key", "value"], input: .text("a secret"),
      environment: desktop.environment)
    #expect(stored.status == .exit(1))
  }

  @Test func `a frozen keyring answers nobody`() throws {
    let desktop = try Desktop()
    try desktop.freezeKeyring()
    let outcome = try secretTool.run(
      ["lookup", "key", "value"], environment: desktop.environment, timeout: .milliseconds(500))
    #expect(outcome.status == .timeout)
  }

  @Test func `two desktops do not see each other`() throws {
    let one = try Desktop()
    let other = try Desktop()
    let stored = try secretTool.run(
      ["store", "--label=A label", "key", "value"], input: .text("a secret"),
      environment: one.environment)
    #expect(stored.status == .exit(0))
    let arguments = ["lookup", "key", "value"]
    #expect(try secretTool.run(arguments, environment: other.environment).out == "")
    #expect(try secretTool.run(arguments, environment: one.environment).out == "a secret")
  }

  @Test(arguments: [Desktop.Kind.noKeyring, .noBus])
  func `a desktop without a keyring has none`(kind: Desktop.Kind) throws {
    let desktop = try Desktop(kind)
    #expect((desktop.environment["DBUS_SESSION_BUS_ADDRESS"] == nil) == (kind == .noBus))
    #expect(desktop.keyringPID == nil)
    let outcome = try secretTool.run(["lookup", "key", "value"], environment: desktop.environment)
    #expect(outcome.status == .exit(1))
    #expect(outcome.err != "")
  }

  @Test(arguments: ["the owner", "the script"])
  func `killing whoever keeps a session leaves no process behind`(victim: String) throws {
    let directory = try TemporaryDirectory()
    let script = """
      coproc session { exec "$@"; }
      echo "$session_PID"
      while IFS= read -r line; do echo "$line"; done <&"${session[0]}"
      sleep 100
      """
    let owner = try Program("bash").start(
      ["-c", script, "owner", Program.repository + "scripts/private-session", directory.path])
    var processes = [try #require(Int32(owner.line()))]
    while case let line = try owner.line(), line != "ready" {
      if line.hasPrefix("METI_SESSION_") {
        processes.append(try #require(line.split(separator: "=").last.flatMap { Int32($0) }))
      }
    }
    #expect(processes.count == 3)
    #expect(processes.allSatisfy(isAlive))
    if victim == "the owner" {
      owner.signal(SIGKILL)
    } else {
      kill(processes[0], SIGKILL)
    }
    #expect(becomesTrue { !processes.contains(where: isAlive) })
  }

  // MARK: Kernel keys

  @Test func `the keys of one server are removed, and no others`() throws {
    // Of this run alone: others may have keys of their own.
    let url = "https://run-\(getpid()).invalid:1"
    let names = ["meti-token:\(url)", "meti-token:\(url)#a@b.c", "meti-token:\(url)2"]
    for name in names {
      let outcome = try Program("keyctl").run(["add", "user", name, "x", "@u"])
      #expect(outcome.status == .exit(0))
    }
    #expect(KernelKeys.descriptions(containing: url).sorted() == [names[0], names[1]])
    KernelKeys.removeAll(containing: url)
    #expect(KernelKeys.descriptions(containing: url) == [])
    #expect(KernelKeys.descriptions(containing: names[2]) == [names[2]])
    KernelKeys.removeAll(containing: names[2])
  }
}
