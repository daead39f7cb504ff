import Glibc
import Testing

@Suite("Where the answer goes", .manyAtOnce)
struct OutputTests {
  let place: Workplace

  init() throws {
    place = try Workplace.loggedIn()
  }

  @Test func `a full disk is an output error`() throws {
    for arguments in [[], ["--header"], ["--json"], ["-f"], ["status"], ["--help"]] {
      let outcome = try Program.metiToken.run(
        arguments, environment: place.environment, output: .file("/dev/full"))
      #expect(
        outcome.told
          == .failure(74, "cannot write to standard output: No space left on device"))
    }
  }

  @Test func `a closed stdout is an output error, and no other file is written to`() throws {
    for arguments in [[], ["--header"], ["--json"], ["-f"], ["status"], ["--help"]] {
      let outcome = try Program.metiToken.run(
        arguments, environment: place.environment, output: .closed)
      #expect(
        outcome.told == .failure(74, "cannot write to standard output: Bad file descriptor"))
    }
  }

  @Test func `a closed stdin and stderr do no harm`() throws {
    for arguments in [[], ["-f"], ["--json"]] {
      let outcome = try Program.metiToken.run(
        arguments, input: .closed, environment: place.environment, errors: .closed)
      #expect(outcome.out.contains(place.lastToken))
      #expect(outcome.status == .exit(0))
    }
  }

  @Test func `output for a closed stderr goes into no other file`() throws {
    place.meti.answerNext(.status(503))
    // The warning and the trouble are for nobody.
    let outcome = try place.run("-f", "--verbose", "--min-validity", "2h", errors: .closed)
    #expect(outcome.told == .answer(place.lastToken))
    let grep = try Program("grep").run(
      ["-rl", "meti-token: ", place.environment["XDG_RUNTIME_DIR"] ?? ""])
    #expect(grep.out == "")
  }

  @Test(arguments: [[], ["-f"]])
  func `a parent's G_DBUS_DEBUG puts nothing on stdout`(arguments: [String]) throws {
    place.dropKernelKeys()
    let outcome = try place.run(arguments, with: ["G_DBUS_DEBUG": "all"])
    #expect(outcome.told == .answer(place.lastToken))
  }

  @Test func `a parent's umask takes no file from the next call`() throws {
    place.dropKernelKeys()
    let script = #"""
      rm -r "$XDG_RUNTIME_DIR/meti-token"
      umask 0777
      "$0" && "$0" -f >/dev/null && "$0" list
      find "$XDG_RUNTIME_DIR/meti-token" ! -perm -u=rw
      """#
    let token = place.lastToken
    let outcome = try Program("/bin/sh").run(
      ["-c", script, Program.metiToken.path], environment: place.environment)
    #expect(outcome.told == .answer("\(token)\n* \(METIServer.email)"))
  }

  @Test(arguments: [EPERM, EAGAIN])
  func `without threads there is no keyring, and one line says so`(error: Int32) throws {
    place.dropKernelKeys()
    let outcome = try place.run([], refusing: .clone3, with: error)
    #expect(outcome.status == .exit(69))
    #expect(outcome.out == "")
    #expect(outcome.err.hasPrefix("meti-token: error: the keyring cannot be used: "))
    #expect(outcome.err.split(separator: "\n").count == 1)
  }

  @Test func `an old kernel without clone3 makes no difference`() throws {
    place.dropKernelKeys()
    #expect(
      try place.run([], refusing: .clone3, with: ENOSYS).told == .answer(place.lastToken))
  }

  @Test(arguments: [SIGSEGV, SIGABRT, SIGQUIT])
  func `a crash prints nothing, and no memory of ours`(number: Int32) throws {
    place.meti.defaultAnswer = .silence
    let child = try place.start("-f")
    #expect(place.isAsked(by: child))
    child.signal(number)
    #expect(child.wait().told == Told(status: .signal(number), out: "", err: ""))
  }

  @Test func `a reader that went away is an output error, and no signal`() throws {
    // The reader has ended when the program begins.
    let script = #"{ sleep 0.1; "$@"; } | :; echo "${PIPESTATUS[0]}""#
    for arguments in [[], ["--json"], ["-f"]] {
      let outcome = try Program("bash").run(
        ["-c", script, "bash", Program.metiToken.path] + arguments,
        environment: place.environment)
      #expect(
        outcome.told
          == Told(
            status: .exit(0), out: "74\n",
            err: "meti-token: error: cannot write to standard output: Broken pipe\n"))
    }
  }
}
