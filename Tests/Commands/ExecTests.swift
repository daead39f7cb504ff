import Glibc
import Testing

@Suite("exec", .manyAtOnce)
struct ExecTests {
  let place: Workplace

  init() throws {
    place = try Workplace.loggedIn()
  }

  func exec(_ command: String..., with variables: [String: String] = [:]) throws -> Outcome {
    try place.run(["exec", "--"] + command, with: variables)
  }

  @Test func `the command has a valid token in METI_TOKEN`() throws {
    let outcome = try exec("printenv", "METI_TOKEN")
    #expect(outcome.value == place.meti.lastToken)
    #expect(outcome.err == "")
    #expect(outcome.status == .exit(0))
    #expect(place.meti.tokenPosts == 0)
  }

  @Test func `the variable can be named`() throws {
    let outcome = try place.run(["exec", "--env", "GDAL_HTTP_BEARER", "--", "env"])
    let token = try #require(place.meti.lastToken)
    #expect(outcome.out.contains("GDAL_HTTP_BEARER=\(token)\n"))
    #expect(!outcome.out.contains("METI_TOKEN="))
  }

  @Test(arguments: [
    "", "1A", "A B", "A=B", "ümlaut",
  ])
  func `a name that is illegal is refused`(name: String) throws {
    let outcome = try place.run(["exec", "--env", name, "--", "env"])
    #expect(outcome.status == .exit(64))
    #expect(outcome.out == "")
  }

  @Test(arguments: ["METI_TOKEN", "METI_API_TOKEN", "GITLAB_TOKEN", "token"])
  func `any other name will do`(name: String) throws {
    let outcome = try place.run(["exec", "--env", name, "--", "printenv", name])
    #expect(outcome.value == place.meti.lastToken)
  }

  @Test func `the environment is as it came, but for the token and the secrets`() throws {
    let outcome = try exec(
      "env", "-0",
      with: [
        "METI_TOKEN": HandedInTokenTests.expired, "METI_PASSWORD": "p", "METI_PASSWORD_FILE": "/p",
        "METI_CLIENT_SECRET": "s", "METI_CLIENT_SECRET_FILE": "/s", "CREDENTIALS_DIRECTORY": "/c",
        "SSLKEYLOGFILE": "/dev/null", "EMPTY": "", "LINES": "a\nb=c",
      ])
    let token = try #require(place.meti.lastToken)
    var expected = place.environment.map { "\($0.key)=\($0.value)" }
    expected += ["METI_TOKEN=\(token)", "SSLKEYLOGFILE=/dev/null", "EMPTY=", "LINES=a\nb=c"]
    expected.append("PATH=\(unsafe String(cString: getenv("PATH")))")
    #expect(outcome.out.split(separator: "\0").sorted() == expected.map { $0[...] }.sorted())
  }

  @Test func `a renewal leaves no trace in the environment`() throws {
    place.meti.revokeAll()
    let rejected = try place.run(["reject"])
    #expect(rejected.status == .exit(0))
    var variables = place.environment
    variables["DBUS_SESSION_BUS_ADDRESS"] = nil
    variables["SSLKEYLOGFILE"] = "/dev/null"
    let outcome = try Program.metiToken.run(
      ["exec", "--", "env"], environment: variables)
    #expect(outcome.out.contains("SSLKEYLOGFILE=/dev/null\n"))
    #expect(!outcome.out.contains("DBUS_SESSION_BUS_ADDRESS"))
    #expect(place.meti.tokenPosts == 1)
  }

  @Test func `bytes that are no UTF-8 arrive as they are`() throws {
    let script = #"x=$(printf 'a\377b'); A=$x "$0" exec -- printf '%s' "$x"; "#
    let tail = #"A=$x "$0" exec -- sh -c 'printf %s "$A"'"#
    let outcome = try Program("/bin/sh").run(
      ["-c", script + tail, Program.metiToken.path], environment: place.environment)
    #expect(outcome.stdout == [0x61, 0xFF, 0x62, 0x61, 0xFF, 0x62])
  }

  @Test(arguments: [0, 1, 7, 64, 255] as [Int32])
  func `the status is the command's own`(status: Int32) throws {
    #expect(try exec("sh", "-c", "exit \(status)").status == .exit(status))
  }

  @Test(arguments: [SIGTERM, SIGKILL, SIGPIPE, SIGINT])
  func `a signal that ends the command is seen as such`(signal: Int32) throws {
    #expect(try exec("sh", "-c", "kill -\(signal) $$").status == .signal(signal))
  }

  @Test func `signals reach the command`() throws {
    let script = "trap 'echo caught; exit 3' TERM; echo ready; while :; do sleep 0.05; done"
    let child = try place.start("exec", "--", "sh", "-c", script)
    #expect(try child.line() == "ready")
    child.signal(SIGTERM)
    let outcome = child.wait()
    #expect(outcome.out == "ready\ncaught\n")
    #expect(outcome.status == .exit(3))
  }

  @Test func `the command has its streams, its arguments and no other file`() throws {
    let script = #"cat; printf '[%s]' "$@"; echo; ls /proc/self/fd"#
    let outcome = try place.run(
      ["exec", "--", "sh", "-c", script, "sh", "a b", "", "--", "-v"], input: .text("in\n"))
    // The last is the directory itself.
    #expect(outcome.out == "in\n[a b][][--][-v]\n0\n1\n2\n3\n")
  }

  @Test func `no file is left open after a renewal either`() throws {
    let outcome = try place.run(["exec", "--min-validity", "59m", "--", "ls", "/proc/self/fd"])
    #expect(outcome.out == "0\n1\n2\n3\n")
  }

  @Test func `signals that are ignored or not stay so`() throws {
    let script = #"grep SigIgn /proc/self/status; "$0" exec -- grep SigIgn /proc/self/status"#
    for trap in ["", "trap '' PIPE; ", "trap '' HUP; "] {
      let outcome = try Program("/bin/sh").run(
        ["-c", trap + script, Program.metiToken.path], environment: place.environment)
      let lines = outcome.out.split(separator: "\n")
      #expect(lines.count == 2 && lines.first == lines.last)
    }
  }

  @Test func `what is not there is 127, what cannot be run is 126`() throws {
    let missing = try exec("/nonexistent/program")
    #expect(missing.status == .exit(127))
    #expect(
      missing.err
        == "meti-token: error: cannot run /nonexistent/program: No such file or directory\n")
    let unknown = try place.run(
      ["exec", "--", "there-is-no-such-program"], with: ["PATH": "/usr/bin:/bin"])
    #expect(unknown.status == .exit(127))
    #expect(try exec("").status == .exit(127))
    #expect(try exec("/etc/passwd").status == .exit(126))
    #expect(try exec("/").status == .exit(126))
  }

  @Test func `a command is needed`() throws {
    for arguments in [["exec"], ["exec", "--"], ["exec", "true"]] {
      let outcome = try place.run(arguments)
      #expect(
        outcome.told
          == .failure(64, "put the command after --", hint: "see meti-token exec --help"))
    }
  }

  @Test func `without a token the command is not run`() throws {
    let outcome = try Program.metiToken.run(
      ["exec", "-a", "other@domain.com", "--", "echo", "run"], environment: place.environment)
    #expect(outcome.status == .exit(78))
    #expect(outcome.out == "")
  }

  @Test func `an option of the command is not ours`() throws {
    let outcome = try exec("/nonexistent", "-v", "--help")
    #expect(outcome.status == .exit(127))
    #expect(!outcome.err.contains("debug"))
  }

  @Test func `a person at a terminal is asked to log in first`() throws {
    let newcomer = try Workplace()
    let terminal = try Terminal(
      Program.metiToken, ["exec", "--", "printenv", "METI_TOKEN"],
      environment: newcomer.environment, output: .pipe)
    try terminal.expect("Log in now?")
    terminal.send("y\n")
    try terminal.expect("e-mail: ")
    terminal.send("\(METIServer.email)\n")
    try terminal.expect("password: ")
    terminal.send("\(METIServer.password)\n")
    let outcome = terminal.wait()
    #expect(outcome.status == .exit(0))
    #expect(outcome.value == newcomer.meti.lastToken)
  }

  @Test func `the token is in the environment of the command alone, and in no arguments`() throws {
    let child = try place.start("exec", "--", "sh", "-c", "echo ready; read x; :", input: .open)
    #expect(try child.line() == "ready")
    let token = try #require(place.meti.lastToken)
    let processes = ProcessTable.descendants(of: child.pid)
    #expect(processes.map { $0.environment.contains(token) } == [true])
    #expect(!processes.contains { $0.commandLine.contains(token) })
    child.closeInput()
    #expect(child.wait().status == .exit(0))
  }
}
