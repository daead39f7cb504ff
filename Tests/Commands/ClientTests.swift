import Glibc
import Testing

/// The second generation of METI's accounts, wherever the client is kept.
@Suite("An OAuth 2.0 client", .manyAtOnce)
struct ClientTests {
  typealias Keeping = ClientPlace.Keeping

  private let id = ClientPlace.id

  // MARK: Two servers

  @Test(arguments: Keeping.allCases)
  func `its secret goes to the token URL alone, its token to the API alone`(
    _ keeping: Keeping
  ) throws {
    let client = try ClientPlace(keeping)
    let token = try client.token()
    #expect(token == client.lastToken)
    let curl = try client.place.run("curl", "-sS", "/sources")
    #expect(curl.out == CurlTests.sources)
    let answer = try client.place.ask("get", client.place.lines())
    #expect(answer.told.out == (try client.place.password(token, of: id)))

    #expect(client.issuer.meti.requests.map(\.target) == ["/oauth/token"])
    #expect(client.issuer.meti.requests.map(\.authorization) == [nil])
    #expect(client.place.meti.requests.map(\.target) == ["/sources"])
    #expect(client.place.meti.requests.map(\.authorization) == ["Bearer \(token)"])
  }

  @Test(arguments: Keeping.allCases)
  func `git and Bazel are not answered for the token URL's host`(_ keeping: Keeping) throws {
    let client = try ClientPlace(keeping)
    let host = client.issuer.url.dropFirst("https://".count)
    let git = try client.place.ask("get", "protocol=https\nhost=\(host)\n")
    #expect(git.told == .silence)
    let bazel = try client.place.ask("get", #"{"uri":"\#(client.tokenURL)"}"#)
    #expect(bazel.status == .exit(65))
    let curl = try client.place.run("curl", "-sS", client.tokenURL)
    #expect(curl.status == .exit(64))
    #expect(client.issuer.meti.requests == [])
  }

  // MARK: Other programs

  @Test(arguments: Keeping.allCases)
  func `git may name it by its id, and no other`(_ keeping: Keeping) throws {
    let client = try ClientPlace(keeping)
    // Also where no token is there yet.
    let answer = try client.place.ask("get", client.place.lines("username=\(id)"))
    #expect(answer.out == (try client.place.password(client.lastToken, of: id)))
    for name in [id.uppercased(), id + "x", METIServer.email] {
      let other = try client.place.ask("get", client.place.lines("username=\(name)"))
      #expect(other.out == "")
    }
    #expect(client.posts == 1)
  }

  @Test(arguments: Keeping.allCases)
  func `git has its token forgotten, and only its own`(_ keeping: Keeping) throws {
    let client = try ClientPlace(keeping)
    let token = try client.token()
    let other = client.place.lines("username=\(id)", "password=another")
    #expect(try client.place.ask("erase", other).told == .silence)
    #expect(try client.token() == token)
    let own = client.place.lines("username=\(id)", "password=\(token)")
    #expect(try client.place.ask("erase", own).told == .silence)
    #expect(try client.token() != token)
    #expect(client.posts == 2)
  }

  @Test(arguments: Keeping.allCases)
  func `Bazel is given its token`(_ keeping: Keeping) throws {
    let client = try ClientPlace(keeping)
    let answer = try client.place.ask("get", #"{"uri":"\#(client.place.url)/sources"}"#)
    #expect(answer.status == .exit(0))
    #expect(answer.out.contains(#""Authorization":["Bearer \#(client.lastToken)"]"#))
  }

  @Test(arguments: Keeping.allCases)
  func `a command is given its token, and not its secret`(_ keeping: Keeping) throws {
    let client = try ClientPlace(keeping)
    let outcome = try client.place.run("exec", "--", "env")
    #expect(outcome.out.contains("METI_TOKEN=\(client.lastToken)\n"))
    #expect(!outcome.out.contains(ClientPlace.secret))
  }

  @Test(arguments: Keeping.allCases)
  func `curl discards a token that the API answers with 401`(_ keeping: Keeping) throws {
    let client = try ClientPlace(keeping)
    let token = try client.token()
    client.place.meti.revoke(token)
    let curl = try client.place.run("curl", "-sS", "/sources")
    #expect(curl.out == CurlTests.rejection)
    #expect(client.place.meti.requests.map(\.authorization) == ["Bearer \(token)"])
    #expect(try client.token() != token)
    #expect(client.posts == 2)
  }

  // MARK: Discarding

  @Test(arguments: Keeping.allCases)
  func `a token that is rejected is replaced`(_ keeping: Keeping) throws {
    let client = try ClientPlace(keeping)
    let token = try client.token()
    let rejected = try client.place.run("reject", "--token-stdin", input: .text(token))
    #expect(rejected.told == .silence)
    #expect(try client.token() != token)
    #expect(client.posts == 2)
  }

  @Test(arguments: Keeping.allCases)
  func `a logout leaves nothing of it`(_ keeping: Keeping) throws {
    let client = try ClientPlace(keeping)
    _ = try client.token()
    #expect(try client.place.run("logout").status == .exit(0))
    #expect(client.place.kernelKeys == [])
    if keeping == .keyring { #expect(try client.place.items() == []) }
  }

  @Test func `what it is given for one scope is not handed out for another`() throws {
    let client = try ClientPlace(.environment)
    let others = [
      ["METI_SCOPE": "read:sources"], ["METI_SCOPE": "read:sources delete:sources"],
      ["METI_AUDIENCE": "https://domain.com"], ["METI_TOKEN_URL": client.tokenURL + "?tenant=a"],
    ]
    let first = try client.place.run().value
    var tokens = Set([first])
    for other in others {
      let token = try client.place.run(with: other).value
      #expect(try client.place.run("--json", with: other).out.contains(#""token":"\#(token)""#))
      #expect(
        try client.place.run("exec", "--", "printenv", "METI_TOKEN", with: other).value == token)
      tokens.insert(token)
    }
    #expect(tokens.count == 5)
    #expect(client.posts == 5)
    #expect(try client.place.run().value == first)
    #expect(try client.place.run(with: others[0]).status == .exit(0))
    #expect(client.posts == 5)

    #expect(try client.place.run("logout", with: others[0]).status == .exit(0))
    #expect(client.place.kernelKeys.count == 4)
    #expect(try client.place.run("logout", "--all").status == .exit(0))
    #expect(client.place.kernelKeys == [])
  }

  // MARK: The token endpoint's troubles

  @Test(arguments: Keeping.allCases)
  func `many at once make one request`(_ keeping: Keeping) throws {
    let client = try ClientPlace(keeping)
    let callers = try (0..<16).map { _ in try client.place.start() }
    let told = callers.map { $0.wait().told }
    #expect(told == Array(repeating: .answer(client.lastToken), count: 16))
    #expect(client.posts == 1)
  }

  @Test(arguments: Keeping.allCases)
  func `a rejected secret is not sent again until the login in the hint`(_ keeping: Keeping) throws
  {
    let client = try ClientPlace(keeping, secret: "wrong")
    let hint =
      keeping == .keyring
      ? "log in with: meti-token login --client-id \(id) --token-url URL --audience AUDIENCE"
      : "correct the credentials in the environment"
    let first = try client.place.run()
    #expect(
      first.told
        == .failure(
          77, "METI rejects the credentials of \(id) (HTTP 401): access is denied", hint: hint))
    let second = try client.place.run()
    #expect(second.status == .exit(77))
    #expect(second.err.hasSuffix("meti-token: hint: \(hint)\n"))
    #expect(client.posts == 1)
    #expect(try client.place.run("status").out.contains("; \(hint)\n"))
    #expect(try client.place.run("doctor", "--json").out.contains(hint))
    if keeping == .keyring {
      #expect(try client.logIn().status == .exit(0))
    } else {
      client.place.environment["METI_CLIENT_SECRET"] = ClientPlace.secret
    }
    #expect(try client.place.run().told == .answer(client.lastToken))
    #expect(client.posts == 2)
  }

  @Test func `a corrected scope is asked for at once`() throws {
    let client = try ClientPlace(.environment)
    client.place.environment["METI_SCOPE"] = "read:everything"
    client.issuer.meti.answerNext(.status(400, body: #"{"error":"invalid_scope"}"#))
    for _ in 0..<3 { #expect(try client.place.run().status == .exit(77)) }
    client.place.environment["METI_SCOPE"] = "read:sources"
    #expect(try client.place.run().told == .answer(client.lastToken))
    #expect(client.posts == 2)
  }

  @Test(arguments: [
    (400, "invalid_request", ": the request is malformed"),
    (401, "invalid_client", ": the client is unknown, or its secret is wrong"),
    (400, "invalid_grant", ": the credentials are wrong or no longer valid"),
    (400, "unauthorized_client", ": the client may not request tokens in this way"),
    (400, "unsupported_grant_type", ": this kind of grant is not supported"),
    (400, "invalid_scope", ": the scope is unknown, or not allowed for this client"),
    (403, "access_denied", ": access is denied"),
    (403, "\\u001b[31mnews", ""),
  ])
  func `a rejection is reported in words`(_ status: Int32, _ code: String, _ words: String) throws {
    let client = try ClientPlace(.environment)
    let body = #"{"error":"\#(code)","error_description":"words of the server's"}"#
    client.issuer.meti.answerNext(.status(Int(status), body: body))
    #expect(
      try client.place.run().told
        == .failure(
          77, "METI rejects the credentials of \(id) (HTTP \(status))\(words)",
          hint: "correct the credentials in the environment"))
  }

  // MARK: A person

  @Test func `there is no prompt for its secret by a call that needs a token`() throws {
    let place = try Workplace()
    place.environment.merge(["METI_CLIENT_ID": id]) { $1 }
    let terminal = try place.sit(output: .pipe)
    #expect(terminal.wait().status == .exit(78))
    let hint =
      "meti-token: hint: METI_CLIENT_ID needs METI_CLIENT_SECRET, METI_CLIENT_SECRET_FILE or the "
      + "systemd credential meti-client-secret; or log in with: meti-token login\r\n"
    #expect(
      terminal.screen
        == "meti-token: error: account \(id) is not stored for \(place.url)\r\n" + hint)
    #expect(place.meti.requests == [])
  }

  @Test func `a login asks for the client's secret`() throws {
    let client = try ClientPlace(.keyring)
    let words = client.loginLine.split(separator: " ").dropFirst().map(String.init)
    let terminal = try Terminal(
      .metiToken, words + ["--scope", "a b&c"], environment: client.place.environment)
    try terminal.expect("METI client secret: ")
    #expect(terminal.waitForEcho(false))
    terminal.send("wrong\n")
    #expect(terminal.wait().status == .exit(77))
    try terminal.expect("hint: check the client's secret; nothing was stored\r\n")
    #expect(client.place.meti.requests == [])
  }
}
