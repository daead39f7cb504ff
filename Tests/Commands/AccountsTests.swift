import Foundation
import Testing

/// Several accounts, and those of METI's second generation.
@Suite("Accounts", .manyAtOnce)
struct AccountsTests {
  private let first = METIServer.email
  private let second = "second@example.org"

  private func two() throws -> Workplace {
    let place = try Workplace.loggedIn()
    place.meti.setPassword("second password", for: second)
    try place.logIn(second, password: "second password")
    return place
  }

  @Test func `the account that logs in last is the default`() throws {
    let place = try two()
    #expect(try place.run("list").told == .answer("  \(first)\n* \(second)"))
  }

  @Test func `a switch changes the default, and with it the bare token`() throws {
    let place = try two()
    let token = try place.run().value
    #expect(
      try place.run("switch", first).told
        == .done("\(first) is now the default account for \(place.url)"))
    #expect(try place.run("list").told == .answer("* \(first)\n  \(second)"))
    let other = try place.run()
    #expect(other.status == .exit(0))
    #expect(other.value != token)
    #expect(try place.run("--account", second).value == token)
    #expect(place.meti.tokenPosts == 0)
  }

  @Test func `an account that is not stored cannot become the default`() throws {
    let place = try two()
    #expect(
      try place.run("switch", "nobody@example.org").told
        == .failure(
          78, "account nobody@example.org is not stored for \(place.url)",
          hint: "list the stored accounts with: meti-token list"))
    #expect(try place.run("list").told == .answer("  \(first)\n* \(second)"))
  }

  @Test func `without an account there is nothing to list`() throws {
    let place = try Workplace()
    #expect(
      try place.run("list").told
        == .noAccount(at: place.url))
  }

  @Test func `the only account left is the default`() throws {
    let place = try two()
    _ = try place.run("logout")
    #expect(try place.run("list").told == .answer("* \(first)"))
  }

  @Test func `the same e-mail at two APIs is two accounts`() throws {
    let place = try Workplace.loggedIn()
    let other = try METIServer()
    other.meti.setPassword("another password", for: first)
    let there = other.environment
    let login = try place.run(
      "login", "--email", first, "--password-stdin", input: .text("another password\n"),
      with: there)
    #expect(login.status == .exit(0))

    let here = try place.run().value
    #expect(here == place.lastToken)
    #expect(try place.run(with: there).told == .answer(other.meti.lastToken ?? ""))
    #expect(try place.run("list", with: there).told == .answer("* \(first)"))
    // Each is renewed with its own password, at its own API.
    #expect(try place.run("--force-refresh").status == .exit(0))
    #expect(try place.run("--force-refresh", with: there).status == .exit(0))
    #expect((place.meti.tokenPosts, other.meti.tokenPosts) == (1, 2))

    // What happens to one does not touch the other.
    try place.logIn(second, password: "unchecked", isVerified: false)
    #expect(try place.run("list").told == .answer("  \(first)\n* \(second)"))
    #expect(try place.run("list", with: there).told == .answer("* \(first)"))
    #expect(try place.run("logout", "--all").status == .exit(0))
    #expect(try place.run().status == .exit(78))
    #expect(try place.run(with: there).told == .answer(other.meti.lastToken ?? ""))
    #expect(try place.items().map(\.kind) == ["account", "token"])
  }

  private func logInClient(_ place: Workplace, secret: String, _ extra: [String]) throws -> Outcome
  {
    try Program.metiToken.run(
      [
        "login", "--client-id", METIServer.clientID, "--token-url", place.url + "/oauth/token",
        "--audience", "https://api.meti.millpont.com", "--client-secret-stdin",
      ] + extra, input: .text(secret + "\n"), environment: place.environment)
  }

  @Test func `a client is verified, stored, and renewed at its token URL`() throws {
    let place = try Workplace()
    let login = try logInClient(
      place, secret: METIServer.clientSecret, ["--scope", "read:sources"])
    #expect(
      login.told
        == .done(
          "logged in to \(place.url) as \(METIServer.clientID); the token is valid for 1 hour"))
    let items = try place.items()
    #expect(items.map(\.kind) == ["account", "token"])
    #expect(
      items.first?.body == """
        \(METIServer.clientSecret)
        grant=client_credentials
        token_url=\(place.url)/oauth/token
        audience=https://api.meti.millpont.com
        scope=read:sources

        """)
    #expect(try place.run("--force-refresh").told == .answer(place.lastToken))
    #expect(place.meti.requests.map(\.path) == ["/oauth/token", "/oauth/token"])
  }

  @Test func `a token URL is asked as it was given, with its query`() throws {
    let place = try Workplace()
    let target = "/oauth/token?tenant=a/../b//"
    let login = try logInClient(
      place, secret: METIServer.clientSecret, ["--token-url", place.url + target])
    #expect(login.status == .exit(0))
    #expect(try place.run("-f").told == .answer(place.lastToken))
    #expect(place.meti.requests.map(\.target) == [target, target])
    // No other path is made of it either, though there is nothing at this one.
    let elsewhere = "/oauth/./token/"
    #expect(
      try logInClient(
        place, secret: METIServer.clientSecret, ["--token-url", place.url + elsewhere]
      ).status == .exit(76))
    #expect(place.meti.requests.last?.target == elsewhere)
  }

  @Test(arguments: ["token URL", "audience", "scope"])
  func `what is stored of a client is bounded`(_ name: String) throws {
    let place = try Workplace()
    let start = name == "token URL" ? place.url + "/oauth/token?x=" : ""
    let longest = start.padding(toLength: 2048, withPad: "x", startingAt: 0)
    let option = "--" + name.lowercased().replacing(" ", with: "-")
    #expect(
      try logInClient(place, secret: METIServer.clientSecret, [option, longest + "x"]).told
        == .failure(
          64, "the \(name) is empty, longer than 2048 bytes, or contains a control character"))
    #expect(place.meti.requests == [])
    let login = try logInClient(place, secret: METIServer.clientSecret, [option, longest])
    #expect(login.status == .exit(0))
    #expect(try place.run("-f").told == .answer(place.lastToken))
  }

  @Test func `a rejected client stores nothing`() throws {
    let place = try Workplace()
    let login = try logInClient(place, secret: "wrong", [])
    #expect(login.status == .exit(77))
    #expect(try place.items() == [])
  }

  @Test(arguments: [
    (["--client-id", "a"], "--client-id needs --token-url and --audience"),
    (["--audience", "a"], "the options of a client need --client-id"),
    (
      ["--client-id", "a", "--email", "b@c.d"],
      "--client-id cannot be combined with --email or a password option"
    ),
  ])
  func `options that do not go together are refused`(
    arguments: [String], words: String
  ) throws {
    let outcome = try Program.metiToken.run(["login"] + arguments)
    #expect(outcome.told == .failure(64, words, hint: "see meti-token login --help"))
  }

  @Test func `a token URL without TLS is refused`() throws {
    let outcome = try Program.metiToken.run(
      [
        "login", "--client-id", "a", "--token-url", "http://auth.example/oauth/token",
        "--audience", "b", "--client-secret-stdin",
      ], input: .text("secret"))
    #expect(
      outcome.told
        == .failure(
          64,
          "the token URL must begin with https:// (http:// only for loopback addresses)"))
  }
}
