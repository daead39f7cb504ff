import Glibc
import Testing

@Suite("Saying what is stored", .manyAtOnce)
struct StatusTests {
  let email = METIServer.email

  /// The report with its times of day taken out, which no test can know.
  func report(_ place: Workplace, _ arguments: String...) throws -> Told {
    var told = try Program.metiToken.run(
      ["status"] + arguments, environment: place.environment
    ).told
    told.out = told.out.replacing(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ/, with: "TIME")
    told.out = told.out.replacing(/"expires_in":(3600|35[89]\d)/, with: #""expires_in":SECONDS"#)
    told.out = told.out.replacing(/"expires_on":\d{10}/, with: #""expires_on":EPOCH"#)
    told.out = told.out.replacing(/"rejected_on":\d{10}/, with: #""rejected_on":EPOCH"#)
    told.err = told.err.replacing(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ/, with: "TIME")
    return told
  }

  func text(_ place: Workplace, token: String, password: String = "stored in the keyring") -> Told {
    let claims = "\n  claims:   sub \(email) (read from the token, not verified)"
    return .answer(
      """
      \(email) (default)
        API:      \(place.url)
        password: \(password)
        token:    \(token)\(token == "none" ? "" : claims)
      """)
  }

  @Test func `an account with a token is shown in words`() throws {
    let place = try Workplace.loggedIn()
    #expect(
      try report(place)
        == text(place, token: "valid for 59 minutes (until TIME), in the kernel and keyring"))
  }

  @Test func `JSON has the same`() throws {
    let place = try Workplace.loggedIn()
    #expect(
      try report(place, "--json")
        == .answer(
          #"{"accounts":[{"account":"\#(email)","default":true,"password":"keyring","#
            + #""token":{"claims":{"sub":"\#(email)"},"#
            + #""expires_at":"TIME","expires_in":SECONDS,"expires_on":EPOCH,"#
            + #""in":["kernel","keyring"]}}],"api_url":"\#(place.url)"}"#))
  }

  @Test func `where the token is follows what is there`() throws {
    let place = try Workplace.loggedIn()
    place.dropKernelKeys()
    #expect(
      try report(place) == text(place, token: "valid for 59 minutes (until TIME), in the keyring"))
    #expect(try place.run("logout", "--token-only").status == .exit(0))
    #expect(try report(place) == text(place, token: "none"))
  }

  @Test func `a token that has expired is shown as expired`() throws {
    let place = try Workplace.loggedIn(lifetime: 1)
    usleep(1_100_000)
    #expect(try report(place) == text(place, token: "expired; the next call renews it"))
  }

  @Test func `a rejected password is shown`() throws {
    let place = try Workplace()
    try place.logIn(password: "wrong", isVerified: false)
    #expect(try place.run().status == .exit(77))
    #expect(
      try report(place)
        == text(
          place, token: "none",
          password: "rejected by METI on TIME; log in with: meti-token login --email \(email)"))
    #expect(
      try report(place, "--json")
        == .answer(
          #"{"accounts":[{"account":"\#(email)","default":true,"#
            + #""hint":"log in with: meti-token login --email \#(email)","password":"keyring","#
            + #""rejected_on":EPOCH}],"api_url":"\#(place.url)"}"#))
  }

  @Test func `status never prompts and shows no secret`() throws {
    let place = try Workplace.loggedIn()
    for arguments in [[], ["--json"], ["--verbose"]] {
      let outcome = try Program.metiToken.run(
        ["status"] + arguments, environment: place.environment)
      #expect(outcome.status == .exit(0))
      for secret in [METIServer.password, place.lastToken] {
        #expect(!outcome.out.contains(secret) && !outcome.err.contains(secret))
      }
    }
    #expect(place.meti.requests == [])
  }

  @Test func `status works with no METI to be reached`() throws {
    let place = try Workplace.loggedIn()
    place.meti.stopListening()
    #expect(try report(place).status == .exit(0))
  }

  @Test func `two accounts are both told, and which is the default`() throws {
    let place = try Workplace.loggedIn()
    place.meti.setPassword("other", for: "other@domain.com")
    try place.logIn("other@domain.com", password: "other")
    let account = { (title: String, name: String) in
      """
      \(title)
        API:      \(place.url)
        password: stored in the keyring
        token:    valid for 59 minutes (until TIME), in the kernel and keyring
        claims:   sub \(name) (read from the token, not verified)
      """
    }
    #expect(
      try report(place)
        == .answer(
          account(email, email) + "\n"
            + account("other@domain.com (default)", "other@domain.com")))
    #expect(try report(place, "--account", email) == .answer(account(email, email)))
  }

  @Test func `a client's token says whose it is, and is not taken at its word`() throws {
    let place = try Workplace()
    let login = try Program.metiToken.run(
      [
        "login", "--client-id", METIServer.clientID, "--token-url", place.url + "/oauth/token",
        "--audience", "https://api.meti.millpont.com", "--client-secret-stdin",
      ], input: .text(METIServer.clientSecret + "\n"), environment: place.environment)
    #expect(login.status == .exit(0))
    #expect(
      try report(place)
        == .answer(
          """
          \(METIServer.clientID) (default)
            API:      \(place.url)
            password: stored in the keyring
            token:    valid for 59 minutes (until TIME), in the kernel and keyring
            claims:   account_id acc_mock, client_name Mock client, role custodian, sub \
          \(METIServer.clientID) (read from the token, not verified)
          """))
    #expect(
      try report(place, "--json").out.contains(
        #""claims":{"account_id":"acc_mock","client_name":"Mock client","#
          + #""role":"custodian","sub":"\#(METIServer.clientID)"}"#))
  }

  @Test func `with nothing stored there is nothing to tell`() throws {
    let place = try Workplace()
    #expect(
      try report(place)
        == .noAccount(at: place.url))
    #expect(try report(place, "--json").status == .exit(78))
  }

  @Test func `without a keyring the kernel's token is shown, with a warning`() throws {
    let place = try Workplace.loggedIn()
    try place.desktop.killKeyring()
    var expected = text(
      place, token: "valid for 59 minutes (until TIME), in the kernel",
      password: "unknown: the keyring cannot be read")
    expected.err =
      "meti-token: warning: no keyring is running: nothing provides org.freedesktop.secrets\n"
    #expect(try report(place) == expected)
    #expect(try place.run("status", "--json").out.contains(#""password":"unknown""#))
  }
}
