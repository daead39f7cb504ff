import Glibc
import Testing

@Suite("get, as git calls it", .manyAtOnce)
struct GitGetTests {
  let place: Workplace
  let email = METIServer.email
  let token: String

  init() throws {
    place = try Workplace.loggedIn()
    token = place.lastToken
  }

  // MARK: Answers

  @Test func `an old git is given the token as a password`() throws {
    let outcome = try place.ask("get", place.lines())
    #expect(try outcome.told == .answer(String(place.password(token).dropLast())))
  }

  @Test func `a new git is given the token as a bearer credential`() throws {
    let outcome = try place.ask("get", place.newLines)
    #expect(try outcome.told == .answer(String(place.bearer(token).dropLast())))
    #expect(place.meti.requests == [])
  }

  @Test func `what does not matter changes nothing`() throws {
    for line in [
      "username=name@domain.com", "path=sources/", "wwwauth[]=Basic realm=\"a = b\"",
      "capability[]=teleport", "destination=moon\ndestination=mars", "\nhost=evil.example",
      "\r\nhost=evil.example", "protocol=https",
    ] {
      let outcome = try place.ask("get", place.lines(line))
      #expect(try outcome.told == .answer(String(place.password(token).dropLast())), "\(line)")
    }
  }

  @Test func `a URL is as good as its parts`() throws {
    let url = "url=https://name%40domain.com@\(place.host)/sources"
    #expect(try place.ask("get", url).out == place.password(token))
    #expect(
      try place.ask("get", "protocol=https\r\nhost=\(place.host)").out == place.password(token))
  }

  @Test func `without the capability a new git is given no credential it cannot take`() throws {
    let request = "capability[]=authtype\ncapability[]=\n" + place.lines()
    #expect(try place.ask("get", request).out == place.password(token))
  }

  @Test func `a blank line is answered with the pipe still open`() throws {
    let child = try place.start("get", input: .open)
    child.send(place.lines(""))
    _ = child.wait(timeout: .seconds(5)) { false }
    #expect(!child.isRunning)
    #expect(try String(decoding: child.stdout, as: UTF8.self) == place.password(token))
  }

  @Test func `a blank line alone is nobody's request, with the pipe still open`() throws {
    for operation in ["get", "store", "erase"] {
      for line in ["\n", "\r\n"] {
        let child = try place.start(operation, input: .open)
        child.send(line)
        _ = child.wait(timeout: .seconds(5)) { false }
        #expect(!child.isRunning, "\(operation)")
        #expect(child.wait().told == .silence)
      }
    }
  }

  @Test func `a request may come in pieces`() throws {
    let child = try place.start("get", input: .open)
    for piece in place.lines("").split(separator: "o", omittingEmptySubsequences: false) {
      child.send(piece == place.lines("").split(separator: "o").first ? String(piece) : "o\(piece)")
      usleep(20_000)
    }
    _ = child.wait(timeout: .seconds(5)) { false }
    #expect(!child.isRunning)
    #expect(try String(decoding: child.stdout, as: UTF8.self) == place.password(token))
  }

  @Test func `a named account is given its own token`() throws {
    place.meti.setPassword("another password", for: "other@domain.com")
    try place.logIn("other@domain.com", password: "another password")
    let other = place.lastToken
    #expect(
      try place.ask("get", place.lines()).out == place.password(other, of: "other@domain.com"))
    for account in [(email, token), ("other@domain.com", other)] {
      place.dropKernelKeys()
      let outcome = try place.ask("get", place.lines("username=\(account.0)"))
      #expect(try outcome.out == place.password(account.1, of: account.0))
    }
    #expect(place.meti.requests == [])
  }

  @Test func `a helper that was set up for one account answers for no other`() throws {
    place.meti.setPassword("another password", for: "other@domain.com")
    try place.logIn("other@domain.com", password: "another password")
    let request = Input.text(place.lines("username=other@domain.com"))
    #expect(try place.run("get", "--account", email, input: request).told == .silence)
    let own = Input.text(place.lines("username=\(email)"))
    #expect(try place.run("get", "--account", email, input: own).out == place.password(token))
  }

  @Test func `a token that is about to expire is renewed first`() throws {
    let place = try Workplace.loggedIn(lifetime: 4)
    let first = place.lastToken
    usleep(3_100_000)
    let outcome = try place.ask("get", place.lines())
    #expect(outcome.status == .exit(0))
    #expect(place.lastToken != first)
    #expect(outcome.out.contains("\npassword=\(place.lastToken)\n"))
    #expect(place.meti.tokenPosts == 1)
  }

  @Test(arguments: [true, false])
  func `ten at once with nothing cached make one request`(isNew: Bool) throws {
    #expect(try place.run("reject").status == .exit(0))
    let request = isNew ? place.newLines : place.lines()
    let children = try (0..<10).map { _ in try place.start("get", input: .text(request)) }
    let outcomes = children.map { $0.wait() }
    #expect(place.meti.tokenPosts == 1)
    let expected = isNew ? try place.bearer(place.lastToken) : try place.password(place.lastToken)
    #expect(outcomes.allSatisfy { $0.told == Told(status: .exit(0), out: expected, err: "") })
  }

  // MARK: Silence

  @Test func `what is not for us is met with silence`() throws {
    for request in [
      "protocol=http\nhost=HOST", "protocol=HTTPS\nhost=HOST", "protocol=https\nhost=127.0.0.1",
      "protocol=https\nhost=127.0.0.1:443", "protocol=https\nhost=HOST.",
      "protocol=https\nhost=HOST/",
      "protocol=https\nhost=a.HOST", "protocol=https\nhost=name@HOST", "protocol=https\nhost=HOST ",
      "protocol=https\nhost=localhost:1", "protocol=https\nhost=github.com",
      "protocol=https\nhost=１27.0.0.1:1", "protocol=https\nhost=HOST%2E", "protocol=https",
      "host=HOST",
      "protocol=\nhost=HOST", "protocol=https\nhost=", "", "\n",
      "protocol=https\nhost=HOST\nusername=",
      "protocol=https\nhost=HOST\nusername=other@domain.com",
      "protocol=https\nhost=HOST\nusername=NAME@domain.com",
      "protocol=https\nhost=HOST\nusername=name@domain.com ", "url=http://HOST/",
    ] {
      let request = request.replacing("HOST", with: place.host)
      #expect(try place.ask("get", request).told == .silence, "\(request)")
      #expect(place.meti.requests == [])
    }
  }

  @Test func `a username that is not UTF-8 is not ours`() throws {
    let request = Array(place.lines().utf8) + Array("username=".utf8) + [0xFF, 0x0A]
    #expect(try place.run("get", input: .bytes(request)).told == .silence)
  }

  @Test func `with nothing stored there is a hint alone`() throws {
    let place = try Workplace()
    let hint =
      "hint: no account is stored for \(place.url); log in with: meti-token login"
    #expect(try place.ask("get", place.lines()).told == .done(hint))
    #expect(try place.ask("get", place.newLines).told == .done(hint))
    #expect(try place.ask("get", place.lines("username=\(email)")).told == .silence)
  }

  @Test func `the user at a terminal is not prompted`() throws {
    let place = try Workplace()
    let terminal = try Terminal(
      .metiToken, ["get"], environment: place.environment, input: .text(place.lines()),
      output: .pipe)
    let outcome = terminal.wait(timeout: .seconds(5))
    #expect(outcome.status == .exit(0))
    #expect(outcome.out == "")
    #expect(terminal.screen.contains("hint: no account is stored"))
  }

  // MARK: Malformed requests

  @Test func `a malformed request is refused, and not repeated`() throws {
    let malformedLine = "a line of the credential request is malformed"
    let tooLong = "the credential request, or one of its lines, is too long"
    for (request, error) in [
      ("protocol=https\nhost=HOST\nhost=evil.example", "the credential request contradicts itself"),
      ("host=HOST\nurl=https://evil.example/", "the credential request contradicts itself"),
      ("password=evil\n=x", malformedLine),
      ("evil\nprotocol=https\nhost=HOST", malformedLine),
      (
        "protocol=https\nhost=HOST\nusername=a\rb",
        malformedLine
      ),
      ("protocol=https\nhost=HOST\0", malformedLine),
      ("url=evil", "the credential request has an unusable url"),
      (
        "path=" + String(repeating: "e", count: 65_531),
        tooLong
      ),
      (String(repeating: "a[]=b\n", count: 180_000), tooLong),
    ] {
      let request = request.replacing("HOST", with: place.host)
      #expect(try place.ask("get", request).told == .failure(65, error), "\(error)")
    }
  }

  // MARK: Failures

  @Test func `a locked keyring makes git quit`() throws {
    try place.desktop.restartLocked()
    place.dropKernelKeys()
    #expect(
      try place.ask("get", place.lines()).told
        == .quit(
          69, "the keyring is locked, and this call cannot prompt",
          hint: "run meti-token in a terminal on the desktop, or see SERVERS in meti-token(1)"))
    #expect(try place.ask("get", "protocol=https\nhost=github.com\n").told == .silence)
  }

  @Test func `a rejected password makes git quit`() throws {
    #expect(try place.run("reject").status == .exit(0))
    place.meti.setPassword("changed", for: email)
    let first = try place.ask("get", place.newLines)
    #expect(first.status == .exit(77))
    #expect(first.out == "quit=1\n")
    let second = try place.ask("get", place.lines())
    #expect(second.status == .exit(77))
    #expect(second.out == "quit=1\n")
    #expect(place.meti.tokenPosts == 1)
  }

  @Test func `accounts without a default make git quit`() throws {
    place.meti.setPassword("another password", for: "other@domain.com")
    try place.logIn("other@domain.com", password: "another password")
    let command = #"rm "${XDG_CONFIG_HOME:-$HOME/.config}/meti-token/default""#
    let removed = try Program("sh").run(["-c", command], environment: place.environment)
    #expect(removed.status == .exit(0))
    place.dropKernelKeys()
    let outcome = try place.ask("get", place.lines())
    #expect(outcome.status == .exit(78))
    #expect(outcome.out == "quit=1\n")
    #expect(try place.ask("get", place.lines("username=\(email)")).out == place.password(token))
  }

  @Test func `a malformed variable makes git quit`() throws {
    for name in ["METI_TOKEN_TIMEOUT", "METI_TOKEN_CACHE", "METI_TOKEN_INTERACTIVE"] {
      let outcome = try place.run("get", input: .text(place.lines()), with: [name: "nonsense"])
      #expect(outcome.status == .exit(64), "\(name)")
      #expect(outcome.out == "quit=1\n")
    }
  }

  @Test func `an answer that cannot be written is an error`() throws {
    let full = try place.run("get", input: .text(place.lines()), output: .file("/dev/full"))
    #expect(full.status == .exit(74))
    let closed = try place.run("get", input: .text(place.lines()), output: .closed)
    #expect(closed.status == .exit(74))
  }
}
