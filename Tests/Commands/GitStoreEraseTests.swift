import Testing

@Suite("store, erase and capability, as git calls them", .manyAtOnce)
struct GitStoreEraseTests {
  let place: Workplace
  let email = METIServer.email
  let token: String

  init() throws {
    place = try Workplace.loggedIn()
    token = place.lastToken
  }

  private func kinds() throws -> [String] { try place.items().map(\.kind) }

  // MARK: store

  @Test func `store writes nothing and says nothing`() throws {
    for lines in [
      "username=name@domain.com\npassword=TOKEN", "username=name@domain.com\npassword=another",
      "username=new@domain.com\npassword=x", "authtype=Bearer\ncredential=x", "evil", "a=\0",
    ] {
      let before = try place.items()
      let request = place.lines(lines.replacing("TOKEN", with: token))
      #expect(try place.ask("store", request).told == .silence, "\(lines)")
      #expect(try place.items() == before)
      #expect(place.kernelKeys == ["#\(METIServer.email)"])
    }
  }

  @Test func `store takes in what it is sent, and does not wait for more`() throws {
    let child = try place.start("store", input: .open)
    child.send(place.lines("password=\(String(repeating: "x", count: 60_000))", ""))
    _ = child.wait(timeout: .seconds(5)) { false }
    #expect(!child.isRunning)
    #expect(child.wait().told == .silence)
  }

  // MARK: erase

  @Test(arguments: [
    "password=TOKEN", "authtype=Bearer\ncredential=TOKEN",
    "username=name@domain.com\npassword=TOKEN",
    "path=sources", "password=TOKEN\nstate[]=other:x\nwwwauth[]=Bearer",
  ])
  func `erase forgets the token and keeps the account`(lines: String) throws {
    #expect(try kinds() == ["account", "token"])
    let request = place.lines(lines.replacing("TOKEN", with: token))
    #expect(try place.ask("erase", request).told == .silence)
    #expect(try kinds() == ["account"])
    #expect(place.kernelKeys == [])
    #expect(try place.run("--no-prompt").value == place.lastToken)
    #expect(place.meti.tokenPosts == 1)
  }

  @Test func `erase leaves everything else as it is`() throws {
    for request in [
      "protocol=https\nhost=HOST\npassword=older", "protocol=https\nhost=HOST\npassword=",
      "protocol=https\nhost=HOST\ncredential=TOKENx", "protocol=https\nhost=HOST\nusername=x@y.z",
      "protocol=https\nhost=HOST\nusername=x@y.z\npassword=TOKEN",
      "protocol=https\nhost=github.com",
      "protocol=http\nhost=HOST\npassword=TOKEN", "host=HOST\npassword=TOKEN",
      "protocol=https\npassword=TOKEN", "", "\n", "protocol=https\nhost=HOST\nevil",
      "protocol=https\nhost=HOST\npassword=TOKEN\npassword=x", "protocol=https\nhost=HOST\n=TOKEN",
    ] {
      let request = request.replacing("HOST", with: place.host).replacing("TOKEN", with: token)
      #expect(try place.ask("erase", request).told == .silence, "\(request)")
      #expect(try kinds() == ["account", "token"])
      #expect(place.kernelKeys == ["#\(METIServer.email)"])
    }
  }

  @Test func `erase with nothing stored is silent`() throws {
    let place = try Workplace()
    #expect(try place.ask("erase", place.lines()).told == .silence)
    #expect(try place.ask("erase", place.lines("password=x")).told == .silence)
  }

  @Test func `a dead token leaves the kernel also while the keyring is locked`() throws {
    try place.desktop.lock()
    let outcome = try place.ask("erase", place.lines("password=\(token)"))
    #expect(outcome.status == .exit(69))
    #expect(outcome.out == "")
    #expect(place.kernelKeys == [])
  }

  @Test func `a dead token leaves the kernel also where that tier is switched off`() throws {
    let request = Input.text(place.lines("password=\(token)"))
    let outcome = try place.run("erase", input: request, with: ["METI_TOKEN_CACHE": "keyring"])
    #expect(outcome.told == .silence)
    #expect(place.kernelKeys == [])
    #expect(try kinds() == ["account"])
  }

  @Test func `the account of a server's environment is served and forgotten alike`() throws {
    let place = try Workplace(.noBus)
    place.environment["METI_EMAIL"] = email
    place.environment["METI_PASSWORD"] = METIServer.password
    let first = try place.ask("get", place.lines())
    #expect(first.out.contains("\npassword=\(place.lastToken)\n"))
    #expect(try place.ask("get", place.lines("username=x@y.z")).told == .silence)
    let dead = place.lastToken
    #expect(try place.ask("erase", place.lines("password=\(dead)")).told == .silence)
    let second = try place.ask("get", place.lines("username=\(email)"))
    #expect(second.out.contains("\npassword=\(place.lastToken)\n"))
    #expect(place.lastToken != dead)
    #expect(place.meti.tokenPosts == 2)
  }

  // MARK: capability and the name for git

  @Test func `capability does not read its input`() throws {
    let child = try place.start("capability", input: .open)
    _ = child.wait(timeout: .seconds(5)) { false }
    #expect(!child.isRunning)
    #expect(child.wait().told == .answer("version 0\ncapability authtype"))
  }

  @Test func `git's name ignores what is no operation`() throws {
    for arguments in [
      [], ["approve"], ["--help"], ["-h"], ["--version"], ["help"], ["login"], ["--header"],
      ["status"], ["--help", "get"], ["get", "--help"], ["--version", "erase"],
    ] {
      let git = try GitClient(place)
      let outcome = try Program(git.helper).run(
        arguments, input: .text(place.lines()), environment: place.environment)
      #expect(outcome.told == .silence, "\(arguments)")
    }
  }

  @Test func `git's name takes options before the operation`() throws {
    let git = try GitClient(place)
    let outcome = try Program(git.helper).run(
      ["--account", email, "--api-url", place.url, "get"], input: .text(place.lines()),
      environment: place.environment)
    #expect(try outcome.told == .answer(String(place.password(token).dropLast())))
    let wrong = try Program(git.helper).run(["--bogus", "get"], environment: place.environment)
    #expect(wrong.status == .exit(64))
    #expect(wrong.out == "")
    #expect(!wrong.err.contains("USAGE"))
  }

  // MARK: Secrets

  @Test func `nothing secret is said on stderr`() throws {
    let secrets = [token, METIServer.password, "from-the-caller"]
    let request = place.lines("password=from-the-caller")
    var said = ""
    for operation in ["get", "store", "erase"] {
      for request in [
        request, request + "evil\n", place.newLines, place.lines("username=\(token)"),
      ] {
        said += try place.run(operation, "--verbose", input: .text(request)).err
      }
    }
    said += try place.run("get", "--verbose", input: .text(#"{"uri":"from-the-caller"}"#)).err
    try place.desktop.lock()
    place.dropKernelKeys()
    said += try place.run("get", "--verbose", input: .text(request)).err
    for secret in secrets { #expect(!said.contains(secret)) }
    #expect(said.contains("the keyring is locked"))
  }
}
