import Glibc
import Testing

@Suite("Printing a token", .manyAtOnce)
struct PrintTests {
  let place: Workplace
  let email = METIServer.email
  let token: String

  init() throws {
    place = try Workplace.loggedIn()
    token = place.lastToken
  }

  // MARK: The kernel tier

  @Test func `a token in the kernel is printed without a request`() throws {
    #expect(try place.run().told == .answer(token))
    #expect(place.meti.requests == [])
  }

  @Test func `a token in the kernel is printed without a session bus`() throws {
    for arguments in [[], ["--header"], ["--json"], ["--account", METIServer.email]] {
      let outcome = try Program.metiToken.run(
        arguments,
        environment: place.environment.merging([
          "DBUS_SESSION_BUS_ADDRESS": "unix:path=/no/such/socket"
        ]) { $1 })
      #expect(outcome.status == .exit(0), "\(arguments)")
      #expect(outcome.out.contains(token))
      #expect(outcome.err == "")
    }
  }

  @Test func `the token of a named account in the kernel needs no home and no runtime directory`()
    throws
  {
    let environment = place.server.environment.merging(["METI_ACCOUNT": email]) { $1 }
    #expect(try Program.metiToken.run(environment: environment).told == .answer(token))
  }

  @Test func `what the keyring has goes back into the kernel`() throws {
    place.dropKernelKeys()
    #expect(try place.run().told == .answer(token))
    #expect(place.kernelKeys == ["#\(email)"])
    #expect(place.meti.requests == [])
  }

  @Test func `with the kernel tier off no key is made`() throws {
    let place = try Workplace()
    place.environment["METI_TOKEN_CACHE"] = "keyring"
    try place.logIn()
    #expect(try place.run().told == .answer(place.lastToken))
    #expect(try place.run("-f").told == .answer(place.lastToken))
    #expect(place.kernelKeys == [])
    #expect(place.meti.tokenPosts == 1)
  }

  @Test func `with the kernel tier off a key that is there is not used`() throws {
    let fresh = place.meti.issueToken(for: email)
    try place.replaceKeyringToken(by: fresh)
    #expect(try place.run(with: ["METI_TOKEN_CACHE": "keyring"]).told == .answer(fresh))
    #expect(try place.run().told == .answer(token))
  }

  @Test func `an unknown tier is a mistake`() throws {
    #expect(
      try place.run(with: ["METI_TOKEN_CACHE": "nonsense"]).told
        == .failure(
          64, "METI_TOKEN_CACHE is neither kernel nor keyring",
          hint: "see ENVIRONMENT in meti-token(1)"))
  }

  @Test(arguments: [["METI_TOKEN_CACHE": "kernel"], ["METI_TOKEN_CACHE": ""]])
  func `the kernel tier is the default, however it is said`(extra: [String: String]) throws {
    #expect(try place.run(with: extra).told == .answer(token))
    #expect(place.meti.requests == [])
  }

  // MARK: Renewal

  @Test func `a token that has run out is renewed with one request`() throws {
    let place = try Workplace.loggedIn(lifetime: 1)
    let old = place.lastToken
    place.meti.lifetime = 3600
    usleep(1_100_000)
    let outcome = try place.run()
    #expect(place.lastToken != old)
    #expect(outcome.told == .answer(place.lastToken))
    #expect(place.meti.requests.map(\.target) == ["/token"])
    #expect(try place.items().last?.secret == place.lastToken)
    #expect(place.kernelKeys == ["#\(email)"])
    #expect(try place.run().told == outcome.told)
    #expect(place.meti.tokenPosts == 1)
  }

  @Test func `a token that expires soon is renewed`() throws {
    // A quarter of its life is left for a refresh.
    let place = try Workplace.loggedIn(lifetime: 2)
    usleep(1_700_000)
    #expect(try place.run().status == .exit(0))
    #expect(place.meti.tokenPosts == 1)
  }

  @Test func `a short-lived token is used for half its life`() throws {
    let place = try Workplace.loggedIn(lifetime: 30)
    #expect(try place.run().told == .answer(place.lastToken))
    #expect(try place.run(with: ["METI_TOKEN_CACHE": "keyring"]).told == .answer(place.lastToken))
    #expect(place.meti.tokenPosts == 0)
  }

  @Test(arguments: ["--force-refresh", "-f"])
  func `a new token is asked for whatever is stored`(option: String) throws {
    let outcome = try place.run(option)
    #expect(outcome.told == .answer(place.lastToken))
    #expect(place.lastToken != token)
    #expect(place.meti.tokenPosts == 1)
    #expect(try place.run().told == outcome.told)
    #expect(try place.items().last?.secret == place.lastToken)
  }

  @Test func `METI gets what its documentation says`() throws {
    #expect(try place.run("-f").status == .exit(0))
    let request = try #require(place.meti.requests.first)
    #expect(request.method == "POST")
    #expect(request.target == "/token")
    #expect(request.field("content-type") == "application/json")
    #expect(request.field("accept") == "application/json")
    #expect(request.field("user-agent")?.hasPrefix("meti-token/") == true)
    #expect(request.field("cookie") == nil)
    #expect(request.authorization == nil)
  }

  @Test func `answers as seen in the wild are read`() throws {
    place.meti.style = .loose
    #expect(try place.run("-f").told == .answer(place.lastToken))
  }

  @Test func `without expires_in the token itself says how long it lives`() throws {
    place.meti.style = .withoutLifetime
    place.meti.lifetime = 1800
    let outcome = try place.run("-f", "--json")
    #expect(outcome.out.contains(#""expires_in":1800,"#) || outcome.out.contains(":1799,"))
  }

  // MARK: How long it must be valid

  @Test func `a token that lives long enough is kept`() throws {
    #expect(try place.run("--min-validity", "50m").told == .answer(token))
    #expect(place.meti.tokenPosts == 0)
  }

  @Test func `a token that does not live long enough is renewed`() throws {
    place.meti.lifetime = 10_000
    #expect(try place.run("--min-validity", "1h").status == .exit(0))
    #expect(place.meti.tokenPosts == 0)
    #expect(try place.run("-f", "--min-validity", "2h").told == .answer(place.lastToken))
    #expect(try place.run("--min-validity", "2h").told == .answer(place.lastToken))
    #expect(place.meti.tokenPosts == 1)
  }

  @Test func `more validity than any token has is said once, and does not loop`() throws {
    #expect(
      try place.run("-f", "--min-validity", "2h").told
        == .answer(
          place.lastToken,
          err: "meti-token: warning: METI's tokens are valid for 1 hour, less than --min-validity\n"
        ))
    #expect(try place.run("--min-validity", "2h").told == .answer(place.lastToken))
    #expect(place.meti.tokenPosts == 1)
  }

  @Test func `what is no duration is a mistake`() throws {
    for text in ["x", "-1", "1d", "", "1.5", "99999999999999999999"] {
      let outcome = try place.run("--min-validity=\(text)")
      #expect(outcome.status == .exit(64), "\(text)")
      #expect(outcome.out == "")
      #expect(outcome.err.hasPrefix("meti-token: error: "))
      let hint = "meti-token: hint: write a duration as 30, 90s, 5m or 1h\n"
      #expect(outcome.err.split(separator: "\n").count == 2 && outcome.err.hasSuffix(hint))
    }
  }

  // MARK: Forms

  @Test func `JSON has the token, its end, its account and its API`() throws {
    let outcome = try place.run("--json")
    let pattern =
      /\{"token":"([^"]*)","token_type":"Bearer","expires_on":(\d+),"expires_at":"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ)","expires_in":(\d+),"account":"([^"]*)","api_url":"([^"]*)"\}\n/
    let match = try #require(outcome.out.wholeMatch(of: pattern)?.output)
    #expect(match.1 == token)
    let now = time(nil)
    let expiresOn = try #require(Int(match.2))
    #expect((now + 3580...now + 3600).contains(expiresOn))
    let expiresIn = try #require(Int(match.4))
    #expect((3580...3600).contains(expiresIn))
    let date = try Program("date").run(["-u", "-d", "@\(expiresOn)", "+%Y-%m-%dT%H:%M:%SZ"])
    #expect(match.3 == date.value)
    #expect(match.5 == email)
    #expect(match.6 == place.url)
    #expect(outcome.err == "")
    #expect(outcome.status == .exit(0))
  }

  @Test func `the header is one that curl takes`() throws {
    let header = try place.run("--header")
    #expect(header.told == .answer("Authorization: Bearer \(token)"))
    let curl = try Program("curl").run(
      [
        "-sS", "--cacert", place.environment["METI_CA_FILE"] ?? "", "-o", "/dev/null", "-w",
        "%{http_code}", "-H", "@-", place.url + "/sources",
      ], input: .bytes(header.stdout))
    #expect(curl.out == "200")
  }

  @Test func `the header after a renewal is the same`() throws {
    #expect(
      try place.run("--header", "-f").told == .answer("Authorization: Bearer \(place.lastToken)"))
  }

  @Test func `two forms at once are a mistake`() throws {
    #expect(
      try place.run("--json", "--header").told
        == .failure(64, "use either --json or --header", hint: "see meti-token --help"))
  }

  @Test func `--verbose says where the token came from`() throws {
    let cached = try place.run("--verbose").err
    #expect(cached.hasPrefix("meti-token: debug: found a token in the kernel keyring\n"))
    #expect(cached.contains("meti-token: debug: the token of \(email) is valid for 3"))
    place.dropKernelKeys()
    #expect(try place.run("--verbose").err.contains("found a token in the desktop keyring"))
    #expect(try place.run("-f", "--verbose").err.contains("requesting a new token for \(email)"))
  }

  @Test func `verbose output has no secret`() throws {
    let outcome = try place.run("-f", "--verbose")
    #expect(outcome.out == place.lastToken + "\n")
    #expect(outcome.err.contains("POST \(place.url)/token"))
    #expect(!outcome.err.contains(METIServer.password))
    #expect(!outcome.err.contains(place.lastToken))
    #expect(outcome.err.split(separator: "\n").allSatisfy { $0.hasPrefix("meti-token: debug: ") })
  }

  // MARK: Whose token

  @Test func `an account may be named in the environment`() throws {
    place.meti.setPassword("other", for: "other@domain.com")
    try place.logIn("other@domain.com", password: "other")
    #expect(try place.run().told == .answer(place.lastToken))
    #expect(try place.run(with: ["METI_ACCOUNT": email]).told == .answer(token))
    #expect(
      try place.run("-a", "other@domain.com", with: ["METI_ACCOUNT": email]).told
        == .answer(place.lastToken))
  }

  @Test(arguments: [["--account", "nobody@domain.com"], ["-a", "NAME@domain.com"]])
  func `an account that is not stored is named in the error`(arguments: [String]) throws {
    let outcome = try Program.metiToken.run(arguments, environment: place.environment)
    #expect(
      outcome.told
        == .failure(
          78, "account \(arguments[1]) is not stored for \(place.url)",
          hint: "log in with: meti-token login --email \(arguments[1])"))
  }

  @Test func `with nothing stored, and nobody to ask, there is nothing to print`() throws {
    let place = try Workplace()
    let failure = Told.noAccount(at: place.url)
    #expect(try place.run().told == failure)
    #expect(try place.run("--no-prompt").told == failure)
    #expect(place.meti.requests == [])
  }

}

extension Workplace {
  /// Puts another token into the keyring, with the same end, and leaves the kernel's as it is.
  func replaceKeyringToken(
    by token: String, of account: String = METIServer.email
  ) throws {
    let item = try items().first {
      $0.kind == "token" && $0.attributes["meti-account"] == account
    }
    guard let item else {
      throw Missed(what: "a token in the keyring", seen: "none")
    }
    let body = token + item.body.dropFirst(item.secret.count)
    let outcome = try Program("secret-tool").run(
      ["store", "--label", item.label, "xdg:schema", "com.millpont.meti.Credential"]
        + item.attributes.flatMap { [$0.key, $0.value] },
      input: .text(body), environment: environment)
    guard outcome.status == .exit(0) else { throw Missed(what: "a store", seen: outcome.err) }
  }
}
