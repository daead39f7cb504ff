import MetiToken
import Testing

/// Two accounts whose names are easily taken for one.
@Suite("Accounts with names alike", .manyAtOnce)
struct AccountNameTests {
  /// The first comes first in the order of bytes, and logs in last.
  static let pairs = [
    // The same to `String ==`.
    ("jose\u{301}@domain.com", "jos\u{E9}@domain.com"),
    ("Name@domain.com", "name@domain.com"),
  ]

  private func place(_ first: String, _ second: String) throws -> Workplace {
    let place = try Workplace()
    for name in [second, first] {
      // The mock does not know them.
      try place.logIn(name, password: "password of \(name)", isVerified: false)
    }
    return place
  }

  private func lines(_ text: String) -> [[UInt8]] {
    text.utf8.split(separator: UInt8(ascii: "\n")).map(Array.init)
  }

  @Test(arguments: pairs)
  func `both are listed, one as the default`(_ first: String, _ second: String) throws {
    let place = try place(first, second)
    #expect(try lines(place.run("list").out) == lines("* \(first)\n  \(second)\n"))
    #expect(try place.run("switch", second).status == .exit(0))
    #expect(try lines(place.run("list").out) == lines("  \(first)\n* \(second)\n"))
    let status = try lines(place.run("status").out)
    #expect(status.contains(Array("\(second) (default)".utf8)))
    #expect(status.contains(Array(first.utf8)))
    let one = try lines(place.run("status", "-a", first).out)
    #expect(one.first == Array(first.utf8))
    #expect(one.count == 4)
  }

  @Test(arguments: pairs)
  func `a logout of one leaves the other, and who is the default`(
    _ first: String, _ second: String
  ) throws {
    let place = try place(first, second)
    #expect(try place.run("logout", "-a", second).status == .exit(0))
    let left = try place.items()
    #expect(left.map(\.kind) == ["account"])
    #expect(Array((left.first?.secret ?? "").utf8) == Array("password of \(first)".utf8))
    #expect(try lines(place.run("list").out) == lines("* \(first)\n"))
  }

  @Test(arguments: pairs)
  func `a logout of all leaves neither`(_ first: String, _ second: String) throws {
    let place = try place(first, second)
    #expect(try place.run("logout", "--all").status == .exit(0))
    #expect(try place.items() == [])
  }

  @Test(arguments: pairs)
  func `an account of the environment is not the other one`(
    _ first: String, _ second: String
  ) throws {
    let place = try Workplace(.noBus)
    place.meti.setPassword("password", for: first)
    place.environment.merge(["METI_EMAIL": first, "METI_PASSWORD": "password"]) { $1 }
    #expect(try place.run().told == .answer(place.lastToken))
    #expect(try place.run("--account", second).status == .exit(69))
    #expect(place.meti.tokenPosts == 1)
  }

  @Test(arguments: pairs)
  func `git is answered for the name that it says alone`(
    _ first: String, _ second: String
  ) throws {
    let place = try Workplace()
    place.meti.setPassword("password", for: first)
    try place.logIn(first, password: "password")
    #expect(try place.ask("get", place.lines("username=\(second)")).told == .silence)
    let answer = try place.ask("get", place.lines("username=\(first)"))
    #expect(answer.out.contains("password=\(place.lastToken)\n"))
  }
}

/// Names that would do something at the terminal which shows them.
@Suite("Accounts whose names steer a terminal", .manyAtOnce)
struct SteeringNameTests {
  static let names = ["a\u{202E}b@domain.com", "a\u{9B}31mb@domain.com", "a\u{200B}b@domain.com"]

  private let refusal = Told.failure(
    64,
    "the account name is empty, longer than 254 bytes, or contains a space or a control character")

  @Test(arguments: names)
  func `are refused where they come in`(_ name: String) throws {
    let place = try Workplace()
    let login = ["login", "--email", name, "--password-stdin"]
    #expect(try place.run(login, input: .text("x\n")).told == refusal)
    #expect(try place.run("--account", name).told == refusal)
    #expect(try place.run("switch", name).told == refusal)
    #expect(try place.run(with: ["METI_ACCOUNT": name]).told == refusal)
    #expect(
      try place.run(with: ["METI_EMAIL": name, "METI_PASSWORD": "x"]).told == refusal)
    #expect(try place.ask("get", place.lines("username=\(name)")).told == .silence)
    let terminal = try place.sit("login")
    try terminal.expect("METI e-mail: ")
    terminal.send(name + "\n")
    #expect(terminal.wait().status == .exit(64))
    #expect(place.meti.requests == [])
  }

  @Test(arguments: names)
  func `are shown harmlessly if another program stored them, and can be removed`(_ name: String)
    throws
  {
    let place = try Workplace()
    let attributes = [
      "xdg:schema", "com.millpont.meti.Credential", "meti-kind", "account", "meti-api", place.url,
      "meti-account", name,
    ]
    let stored = try Program("secret-tool").run(
      ["store", "--label=x"] + attributes, input: .text("password\ngrant=password\n"),
      environment: place.environment.merging(["LC_ALL": "C.UTF-8"]) { $1 })
    #expect(stored.status == .exit(0))
    let shown = name.escapedForTerminal()
    #expect(shown.contains("?"))
    #expect(try place.run("list").told == .answer("* \(shown)"))
    #expect(try place.run("logout", "--all").status == .exit(0))
    #expect(try place.items() == [])
  }
}
