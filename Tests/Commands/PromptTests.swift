import Glibc
import Testing

@Suite("Asking a person", .manyAtOnce)
struct PromptTests {
  let place: Workplace
  let email = METIServer.email
  let password = METIServer.password

  init() throws {
    place = try Workplace()
  }

  var offer: String { "No METI account is stored for \(place.url). Log in now? [Y/n] " }

  var offerToEmail: String {
    "No METI account \(email) is stored for \(place.url). Log in now? [Y/n] "
  }

  /// At the question for the password, by way of `login`.
  func atThePassword() throws -> Terminal {
    let terminal = try place.sit("login", "--email", email)
    try terminal.expect("METI password: ")
    #expect(terminal.waitForEcho(false))
    return terminal
  }

  // MARK: The first call

  @Test(arguments: ["", "y", "Y", "yes"])
  func `the first call offers to log in, and prints the token`(answer: String) throws {
    let terminal = try place.sit(output: .pipe)
    try terminal.expect(offer)
    terminal.send(answer + "\n")
    try terminal.expect("METI e-mail: ")
    terminal.send(email + "\n")
    try terminal.expect("METI password: ")
    #expect(terminal.waitForEcho(false))
    terminal.send(password + "\n")
    let outcome = terminal.wait()
    #expect(outcome.status == .exit(0))
    #expect(outcome.out == place.lastToken + "\n")
    #expect(place.meti.tokenPosts == 1)
    #expect(!terminal.screen.contains(password))
    #expect(!terminal.screen.contains(place.lastToken))
    #expect(
      terminal.screen.contains(
        "meti-token: logged in to \(place.url) as \(email); the token is valid for 1 hour"))
    #expect(terminal.echoWasLeftOn == true)
    #expect(try place.run().told == .answer(place.lastToken))
  }

  @Test(arguments: ["n", "no", "x"])
  func `a user who declines to log in gets the command for it`(answer: String) throws {
    let terminal = try place.sit(output: .pipe)
    try terminal.expect(offer)
    terminal.send(answer + "\n")
    let outcome = terminal.wait()
    #expect(outcome.status == .exit(78))
    #expect(outcome.out == "")
    try terminal.expect(
      "meti-token: error: no account is stored for \(place.url)\r\n"
        + "meti-token: hint: log in with: meti-token login\r\n")
  }

  @Test func `a background job of a shell is not prompted`() throws {
    let terminal = try Terminal(
      Program("bash"), ["-c", "set -m; \"$0\" & wait $!", Program.metiToken.path],
      environment: place.environment)
    #expect(terminal.wait().status == .exit(78))
    #expect(!terminal.screen.contains("Log in now?"))
  }

  @Test func `a named account is not asked for`() throws {
    let terminal = try place.sit("--account", email, output: .pipe)
    try terminal.expect(offerToEmail)
    terminal.send("\n")
    try terminal.expect("METI password: ")
    #expect(!terminal.screen.contains("METI e-mail"))
    #expect(terminal.waitForEcho(false))
    terminal.send(password + "\n")
    #expect(terminal.wait().out == place.lastToken + "\n")
  }

  @Test(arguments: ["--json", "--header"])
  func `the first call prints the form it was asked for`(form: String) throws {
    let terminal = try place.sit(form, "-a", email, output: .pipe)
    try terminal.expect(offerToEmail)
    terminal.send("\n")
    try terminal.expect("METI password: ")
    #expect(terminal.waitForEcho(false))
    terminal.send(password + "\n")
    let outcome = terminal.wait()
    #expect(outcome.out.hasPrefix(form == "--json" ? "{\"token\":\"" : "Authorization: Bearer "))
    #expect(outcome.out.contains(place.lastToken))
  }

  @Test func `--no-prompt asks nothing at a terminal`() throws {
    let terminal = try place.sit("--no-prompt", output: .pipe)
    #expect(terminal.wait().status == .exit(78))
    #expect(!terminal.screen.contains("?"))
  }

  @Test func `METI_TOKEN_INTERACTIVE=0 asks nothing at a terminal`() throws {
    let terminal = try place.sit(with: ["METI_TOKEN_INTERACTIVE": "0"], output: .pipe)
    #expect(terminal.wait().status == .exit(78))
    #expect(!terminal.screen.contains("?"))
  }

  @Test func `with an account stored nothing is asked`() throws {
    try place.logIn()
    let terminal = try place.sit("-f", output: .pipe)
    #expect(terminal.wait().out == place.lastToken + "\n")
    #expect(terminal.screen == "")
  }

  // MARK: login

  @Test func `login asks for what it was not given`() throws {
    let terminal = try place.sit("login")
    try terminal.expect("METI e-mail: ")
    terminal.send("  \(email)  \n")
    try terminal.expect("METI password: ")
    #expect(terminal.waitForEcho(false))
    terminal.send(password + "\n")
    #expect(terminal.wait().status == .exit(0))
    #expect(terminal.echoWasLeftOn == true)
    #expect(try place.run().told == .answer(place.lastToken))
  }

  @Test func `the password is asked at the terminal though stdin is a pipe`() throws {
    let terminal = try Terminal(
      .metiToken, ["login", "--email", email], environment: place.environment,
      input: .text("not the password\n"))
    try terminal.expect("METI password: ")
    #expect(terminal.waitForEcho(false))
    terminal.send(password + "\n")
    #expect(terminal.wait().status == .exit(0))
  }

  @Test func `what was typed before the question is not taken for the password`() throws {
    place.meti.defaultAnswer = .status(500)
    let terminal = try place.sit("login")
    try terminal.expect("METI e-mail: ")
    terminal.send("\(email)\nearly\n")
    try terminal.expect("METI password: ")
    #expect(terminal.waitForEcho(false))
    place.meti.defaultAnswer = .issue
    terminal.send(password + "\n")
    #expect(terminal.wait().status == .exit(0))
  }

  @Test func `a wrong password is refused, and nothing is stored`() throws {
    let terminal = try atThePassword()
    terminal.send("wrong\n")
    #expect(terminal.wait().status == .exit(77))
    try terminal.expect("meti-token: error: METI rejects the credentials of \(email) (HTTP 401)")
    #expect(try place.items() == [])
  }

  @Test func `an empty password is a mistake`() throws {
    let terminal = try atThePassword()
    terminal.send("\n")
    #expect(terminal.wait().status == .exit(65))
    try terminal.expect("meti-token: error: the answer contains no password\r\n")
    #expect(terminal.echoWasLeftOn == true)
    #expect(place.meti.requests == [])
  }

  @Test func `an empty e-mail address is a mistake`() throws {
    let terminal = try place.sit("login")
    try terminal.expect("METI e-mail: ")
    terminal.send("\n")
    #expect(terminal.wait().status == .exit(64))
    try terminal.expect(
      "meti-token: error: the account name is empty, longer than 254 bytes, or contains a space")
  }

  @Test func `a mistyped letter can be deleted`() throws {
    let terminal = try atThePassword()
    terminal.send("wrong\u{15}\(password)x\u{7f}\n")
    #expect(terminal.wait().status == .exit(0))
  }

  @Test func `a user may take longer than the call is given`() throws {
    let terminal = try place.sit("login", "--email", email, "--timeout", "1")
    try terminal.expect("METI password: ")
    #expect(terminal.waitForEcho(false))
    usleep(1_200_000)
    terminal.send(password + "\n")
    #expect(terminal.wait().status == .exit(0))
    #expect(try place.run().told == .answer(place.lastToken))
  }

  @Test func `a password manager may take longer than the call is given`() throws {
    let child = try place.start(
      "login", "--email", email, "--password-stdin", "--timeout", "1", input: .open)
    usleep(1_200_000)
    child.send(password)
    child.closeInput()
    #expect(child.wait().status == .exit(0))
  }

  // MARK: Going away in the middle

  @Test func `Ctrl-C at the password cancels, and echo is on again`() throws {
    let terminal = try atThePassword()
    terminal.send("half a pass\u{3}")
    #expect(terminal.wait().status == .exit(130))
    try terminal.expect("meti-token: error: cancelled\r\n")
    #expect(terminal.echoWasLeftOn == true)
    #expect(try place.items() == [])
  }

  @Test func `Ctrl-C at the offer cancels`() throws {
    let terminal = try place.sit(output: .pipe)
    try terminal.expect(offer)
    terminal.send("\u{3}")
    let outcome = terminal.wait()
    #expect(outcome.status == .exit(130))
    #expect(outcome.out == "")
  }

  @Test func `the end of input at the offer cancels, on a line of its own`() throws {
    let terminal = try place.sit(output: .pipe)
    try terminal.expect(offer)
    terminal.send("\u{4}")
    #expect(terminal.wait().status == .exit(130))
    try terminal.expect("\r\nmeti-token: error: cancelled\r\n")
  }

  @Test func `the end of input at the password cancels, and echo is on again`() throws {
    let terminal = try atThePassword()
    terminal.send("\u{4}")
    #expect(terminal.wait().status == .exit(130))
    try terminal.expect("meti-token: error: cancelled\r\n")
    #expect(terminal.echoWasLeftOn == true)
  }

  @Test(arguments: [SIGTERM, SIGHUP, SIGQUIT])
  func `a signal at the password ends the program, and echo is on again`(number: Int32) throws {
    let terminal = try atThePassword()
    terminal.signal(number)
    #expect(terminal.wait().status == .exit(128 + number))
    #expect(terminal.echoWasLeftOn == true)
  }

  @Test func `suspended at the password, the terminal echoes; resumed, it asks again`() throws {
    let terminal = try atThePassword()
    terminal.send("half a pass\u{1a}")
    #expect(terminal.waitForEcho(true))
    terminal.signal(SIGCONT)
    try terminal.expect("METI password: ")
    #expect(terminal.waitForEcho(false))
    terminal.send(password + "\n")
    #expect(terminal.wait().status == .exit(0))
    #expect(terminal.echoWasLeftOn == true)
    #expect(!terminal.screen.contains("pass\r"))
  }
}
