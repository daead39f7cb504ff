import Testing

@Suite("Forgetting", .manyAtOnce)
struct LogoutTests {
  let place: Workplace
  let email = METIServer.email
  let other = "other@domain.com"

  /// Two accounts, of which `other` is the default, with their tokens in both tiers.
  init() throws {
    place = try Workplace.loggedIn()
    place.meti.setPassword("other", for: other)
    try place.logIn(other, password: "other")
  }

  func kinds() throws -> [String] {
    try place.items().map { [$0.kind, $0.attributes["meti-account"]].compactMap(\.self) }
      .map { $0.joined(separator: " ") }.sorted()
  }

  // MARK: logout

  @Test func `logout forgets the default account, in keyring and kernel`() throws {
    #expect(
      try place.run("logout").told == .done("logged out \(other) at \(place.url)"))
    #expect(try kinds() == ["account \(email)", "token \(email)"])
    #expect(place.kernelKeys == ["#\(email)"])
    #expect(place.meti.requests == [])
  }

  @Test func `the account that is left is then the one that is meant`() throws {
    #expect(try place.run("logout").status == .exit(0))
    #expect(try place.run().status == .exit(0))
    #expect(place.kernelKeys == ["#\(email)"])
  }

  @Test func `logout of a named account leaves the default as it is`() throws {
    #expect(
      try place.run("logout", "--account", email).told
        == .done("logged out \(email) at \(place.url)"))
    #expect(try kinds() == ["account \(other)", "token \(other)"])
    #expect(place.kernelKeys == ["#\(other)"])
    #expect(try place.run().told == .answer(place.lastToken))
  }

  @Test(arguments: [[], ["--all"]])
  func `logout of the environment's account keeps the default`(arguments: [String]) throws {
    let environment = ["METI_EMAIL": other, "METI_PASSWORD": "other"]
    #expect(
      try place.run(["logout"] + arguments, with: environment).told
        == .done("removed the token of \(other) at \(place.url)"))
    #expect(try place.run("list").out.contains("* \(other)\n"))
  }

  @Test func `logout of all leaves nothing`() throws {
    #expect(
      try place.run("logout", "--all").told
        == .done(
          "logged out \(email) at \(place.url)", "logged out \(other) at \(place.url)"))
    #expect(try place.items() == [])
    #expect(place.kernelKeys == [])
  }

  @Test func `a call with nothing stored leaves nothing either`() throws {
    #expect(try place.run("logout", "--all").status == .exit(0))
    #expect(try place.run().status == .exit(78))
    #expect(try place.run("--account", email).status == .exit(78))
    #expect(!KernelKeys.isAny(containing: place.url))
  }

  @Test func `logout of one API leaves the others`() throws {
    let elsewhere = try METIServer()
    let login = try place.run(
      "login", "--email", email, "--password-stdin", input: .text(METIServer.password),
      with: ["METI_API_URL": elsewhere.url])
    try #require(login.status == .exit(0))
    #expect(try place.run("logout", "--all").status == .exit(0))
    #expect(
      try place.run(with: ["METI_API_URL": elsewhere.url]).told
        == .answer(elsewhere.meti.lastToken ?? ""))
  }

  @Test func `logout of the token alone keeps the account`() throws {
    #expect(
      try place.run("logout", "--token-only").told
        == .done("removed the token of \(other) at \(place.url)"))
    #expect(
      try kinds() == ["account \(email)", "account \(other)", "token \(email)"])
    #expect(place.kernelKeys == ["#\(email)"])
    #expect(try place.run().told == .answer(place.lastToken))
    #expect(place.meti.tokenPosts == 1)
  }

  @Test func `logout of all tokens keeps the accounts`() throws {
    #expect(try place.run("logout", "--all", "--token-only").status == .exit(0))
    #expect(try kinds() == ["account \(email)", "account \(other)"])
    #expect(place.kernelKeys == [])
  }

  @Test func `logout of the token succeeds if there is no token`() throws {
    #expect(try place.run("logout", "--token-only").status == .exit(0))
    #expect(try place.run("logout", "--token-only").told == .done())
  }

  @Test func `logout of an account that is not stored says so`() throws {
    #expect(
      try place.run("logout", "--account", "nobody@domain.com").told
        == .failure(
          78, "account nobody@domain.com is not stored for \(place.url)",
          hint: "list the stored accounts with: meti-token list"))
    #expect(try place.items().count == 4)
  }

  @Test func `logout with the kernel tier off still empties it`() throws {
    let keyring = ["METI_TOKEN_CACHE": "keyring"]
    #expect(try place.run("logout", with: keyring).status == .exit(0))
    #expect(place.kernelKeys == ["#\(email)"])
    #expect(try place.run("logout", with: keyring).status == .exit(0))
    #expect(place.kernelKeys == [])
  }

  @Test func `logout from a locked keyring claims nothing, and deletes nothing`() throws {
    try place.desktop.restartLocked()
    let failure = Told.locked
    #expect(try place.run("logout").told == failure)
    #expect(try place.run("logout", "--account", email).told == failure)
    #expect(try place.run("logout", "--all").told == failure)
    try place.desktop.restartUnlocked()
    #expect(try place.items().count == 4)
  }

  // MARK: reject

  @Test func `a rejected token is discarded, and the next call renews it`() throws {
    let token = place.lastToken
    #expect(try place.run("reject").told == .done())
    #expect(place.kernelKeys == ["#\(email)"])
    #expect(
      try kinds() == ["account \(email)", "account \(other)", "token \(email)"])
    #expect(place.meti.requests == [])
    #expect(try place.run().told == .answer(place.lastToken))
    #expect(place.lastToken != token)
    #expect(place.meti.tokenPosts == 1)
  }

  @Test(arguments: ["", "\n"])
  func `the stored token is discarded if it is the rejected one`(end: String) throws {
    let outcome = try place.run(
      "reject", "--token-stdin", input: .text(place.lastToken + end))
    #expect(outcome.told == .done())
    #expect(place.kernelKeys == ["#\(email)"])
    #expect(try place.items().count == 3)
  }

  @Test func `another token than the stored one is kept`() throws {
    let old = place.lastToken
    #expect(try place.run("-f").status == .exit(0))
    place.meti.forgetRequests()
    #expect(try place.run("reject", "--token-stdin", input: .text(old)).told == .done())
    #expect(place.kernelKeys == ["#\(email)", "#\(other)"])
    #expect(try place.run().told == .answer(place.lastToken))
    #expect(place.meti.requests == [])
  }

  @Test func `an illegal token is malformed input`() throws {
    for text in [
      "", "\n", "two words", "line\nline", "token\n\n", "\u{0}", "Bearer abc", "=",
      String(repeating: "a", count: 16385),
    ] {
      #expect(
        try place.run("reject", "--token-stdin", input: .text(text)).told
          == .failure(65, "standard input contains no legal token"), "\(text)")
      #expect(place.kernelKeys == ["#\(email)", "#\(other)"])
    }
  }

  @Test func `a named account's token is rejected, and the default's kept`() throws {
    #expect(try place.run("reject", "--account", email).told == .done())
    #expect(place.kernelKeys == ["#\(other)"])
    #expect(try place.run().told == .answer(place.lastToken))
  }

  @Test func `rejecting where nothing is stored says so`() throws {
    let place = try Workplace()
    #expect(
      try place.run("reject").told
        == .noAccount(at: place.url))
  }

  @Test func `rejecting twice is no failure`() throws {
    #expect(try place.run("reject").status == .exit(0))
    #expect(try place.run("reject").told == .done())
  }

  @Test func `a rejected token in the kernel alone is forgotten there`() throws {
    let fresh = place.meti.issueToken(for: other)
    try place.replaceKeyringToken(by: fresh, of: other)
    let kernelToken = try place.run().value
    #expect(try place.run("reject", "--token-stdin", input: .text(kernelToken)).told == .done())
    #expect(try place.run().told == .answer(fresh))
    #expect(place.meti.requests == [])
  }
}
