import Testing

@Suite("Logging in", .manyAtOnce)
struct LoginTests {
  let place: Workplace
  let email = METIServer.email
  let password = METIServer.password

  init() throws {
    place = try Workplace()
  }

  func logIn(_ input: Input, _ extra: String...) throws -> Outcome {
    try Program.metiToken.run(
      ["login", "--email", email, "--password-stdin"] + extra, input: input,
      environment: place.environment)
  }

  var loggedIn: Told {
    .done("logged in to \(place.url) as \(email); the token is valid for 1 hour")
  }

  // MARK: Where it goes

  @Test(arguments: [Desktop.Kind.noBus, .noKeyring, .locked])
  func `without a keyring that takes it METI is not asked`(_ kind: Desktop.Kind) throws {
    let place = try Workplace(kind)
    let outcome = try place.run(
      "login", "--email", email, "--password-stdin", input: .text(password))
    #expect(outcome.status == .exit(69))
    #expect(outcome.out == "")
    #expect(place.meti.requests == [])
  }

  @Test(arguments: [Desktop.Kind.noBus, .noKeyring])
  func `without a keyring no password is prompted for`(_ kind: Desktop.Kind) throws {
    let terminal = try Workplace(kind).sit("login")
    #expect(terminal.wait().status == .exit(69))
    #expect(!terminal.screen.contains("METI e-mail"))
  }

  // MARK: Where the password comes from

  @Test(arguments: ["", "\n"])
  func `the password is read from stdin, with or without a newline`(end: String) throws {
    #expect(try logIn(.text(password + end)).told == loggedIn)
    #expect(place.meti.tokenPosts == 1)
  }

  @Test func `the password is read from a file`() throws {
    let file = try place.desktop.directory.write(password + "\n", to: "password")
    let outcome = try place.run("login", "--email", email, "--password-file", file)
    #expect(outcome.told == loggedIn)
  }

  @Test func `exactly one newline is stripped`() throws {
    #expect(
      try logIn(.text(password + "\n\n")).told
        == .failure(
          65,
          "standard input contains no usable password: it must be one line of UTF-8, at most 8 KiB, "
            + "without a byte order mark, NUL or carriage return"))
    #expect(place.meti.requests == [])
  }

  @Test func `spaces around the password belong to it`() throws {
    place.meti.setPassword("  spaced out ", for: email)
    #expect(try logIn(.text("  spaced out \n")).told == loggedIn)
  }

  @Test(arguments: ["pässwörd 🗝", "quote\"back\\slash/\u{1}\u{7f}", "-n", "{\"a\": 1}"])
  func `any legal password arrives as it is`(password: String) throws {
    place.meti.setPassword(password, for: email)
    #expect(try logIn(.text(password)).told == loggedIn)
  }

  @Test func `an empty password is malformed input`() throws {
    for bytes in [[], [10]] as [[UInt8]] {
      #expect(
        try logIn(.bytes(bytes)).told == .failure(65, "standard input contains no password"),
        "\(bytes)")
      #expect(try place.items() == [])
    }
  }

  private static let illegal: [String: [UInt8]] = [
    "NUL": Array("with\0nul".utf8), "carriage return": Array("with\r\n".utf8),
    "byte order mark": [0xef, 0xbb, 0xbf] + Array("password".utf8),
    "not UTF-8": [0xff, 0xfe], "8,193 bytes": Array(repeating: UInt8(ascii: "a"), count: 8193),
    "1,000,000 bytes": Array(repeating: UInt8(ascii: "a"), count: 1_000_000),
  ]

  @Test func `a password that no keyring can store is refused`() throws {
    for kind in Self.illegal.keys.sorted() {
      let bytes = try #require(Self.illegal[kind])
      let outcome = try logIn(.bytes(bytes))
      #expect(
        outcome.told
          == .failure(
            65,
            "standard input contains no usable password: it must be one line of UTF-8, at most 8 KiB, "
              + "without a byte order mark, NUL or carriage return"), "\(kind)")
      #expect(place.meti.requests == [])
      #expect(try place.items() == [])
    }
  }

  @Test func `a password of 8 KiB is stored and works`() throws {
    let password = String(repeating: "0123456789abcdef", count: 512)
    place.meti.setPassword(password, for: email)
    #expect(try logIn(.text(password)).told == loggedIn)
    #expect(try place.run("-f").told == .answer(place.lastToken))
  }

  @Test func `a password file that cannot be read is named`() throws {
    let outcome = try place.run("login", "--email", email, "--password-file", "/no/such/file")
    #expect(
      outcome.told == .failure(74, "cannot read /no/such/file: No such file or directory"))
  }

  @Test func `a closed stdin is an input error`() throws {
    #expect(
      try logIn(.closed).told == .failure(74, "cannot read standard input: Bad file descriptor"))
  }

  // MARK: What may be asked

  @Test(arguments: ["--password-stdin", "--password-file=/dev/null"])
  func `a password without an e-mail address is a mistake`(option: String) throws {
    let outcome = try place.run("login", option)
    #expect(
      outcome.told
        == .failure(
          64, "--password-stdin and --password-file need --email",
          hint: "see meti-token login --help"))
  }

  @Test func `two sources of the password are a mistake`() throws {
    #expect(
      try logIn(.text(password), "--password-file", "/dev/null").told
        == .failure(
          64, "use either standard input or a file",
          hint: "see meti-token login --help"))
  }

  @Test func `without a terminal and without a password nothing is asked`() throws {
    #expect(
      try place.run("login", "--email", email).told
        == .failure(
          64, "questions are not possible here",
          hint: "use --email with --password-stdin, or --client-id with --client-secret-stdin"))
  }

  @Test func `an illegal e-mail address is refused`() throws {
    for email in ["", "a b@c.d", "a@b\nc", String(repeating: "a", count: 255)] {
      let outcome = try place.run(
        "login", "--email", email, "--password-stdin", input: .text(password))
      #expect(
        outcome.told
          == .failure(
            64,
            "the account name is empty, longer than 254 bytes, or contains a space or a control "
              + "character"), "\(email)")
    }
  }

  // MARK: What METI says

  @Test func `a wrong password stores nothing`() throws {
    #expect(
      try logIn(.text("wrong")).told
        == .failure(
          77, "METI rejects the credentials of \(email) (HTTP 401)",
          hint: "check the e-mail address and password; nothing was stored"))
    #expect(place.meti.tokenPosts == 1)
    #expect(try place.items() == [])
    #expect(place.kernelKeys == [])
  }

  @Test func `a wrong password leaves the account that is stored as it is`() throws {
    try place.logIn()
    let items = try place.items()
    #expect(try logIn(.text("wrong")).status == .exit(77))
    #expect(try place.items() == items)
    #expect(try place.run().told == .answer(place.lastToken))
  }

  @Test func `trouble at METI stores nothing`() throws {
    place.meti.defaultAnswer = .raw(Array("HTTP/1.1 200 OK\r\n\r\n<html>".utf8))
    #expect(try logIn(.text(password)).status == .exit(76))
    #expect(try place.items() == [])
    #expect(place.kernelKeys == [])
  }

  @Test func `an unverified login sends no request`() throws {
    #expect(
      try logIn(.text(password), "--no-verify").told
        == .done("stored \(email) for \(place.url), not verified"))
    #expect(place.meti.requests == [])
    #expect(try place.items().map(\.kind) == ["account"])
    #expect(try place.run().told == .answer(place.lastToken))
    #expect(place.meti.tokenPosts == 1)
  }

  @Test func `an unverified login drops the token of the former password`() throws {
    try place.logIn()
    #expect(try logIn(.text("another"), "--no-verify").status == .exit(0))
    #expect(place.kernelKeys == [])
    #expect(try place.items().map(\.kind) == ["account"])
    #expect(try place.run().status == .exit(77))
  }

  // MARK: What is stored

  @Test func `password and token are stored under labels that a user understands`() throws {
    try place.logIn()
    let items = try place.items()
    #expect(
      items.map(\.label) == ["METI account \(email)", "METI token of \(email)"])
    #expect(items.map(\.secret) == [password, place.lastToken])
    #expect(items[0].body == "\(password)\ngrant=password\n")
  }

  @Test func `attributes say what an item is, and nothing else`() throws {
    try place.logIn()
    let account = ["meti-api": place.url, "meti-account": email]
    #expect(
      try place.items().map(\.attributes) == [
        account.merging(["meti-kind": "account"]) { $1 },
        account.merging(["meti-kind": "token"]) { $1 },
      ])
  }

  @Test func `no attribute has a name that git-credential-libsecret looks for`() throws {
    try place.logIn()
    let names = Set(try place.items().flatMap(\.attributes.keys))
    #expect(names.isDisjoint(with: ["user", "object", "protocol", "port", "server", "domain"]))
  }

  @Test func `logging in again replaces, and leaves nothing behind`() throws {
    try place.logIn()
    place.meti.setPassword("a new one", for: email)
    try place.logIn(password: "a new one")
    #expect(try place.items().map(\.secret) == ["a new one", place.lastToken])
    #expect(place.kernelKeys == ["#\(email)"])
  }

  @Test func `the token is in the kernel before the first call`() throws {
    try place.logIn()
    #expect(place.kernelKeys == ["#\(email)"])
  }

  @Test func `logging in as somebody else makes that the default`() throws {
    place.meti.setPassword("other", for: "other@domain.com")
    try place.logIn()
    let first = place.lastToken
    try place.logIn("other@domain.com", password: "other")
    #expect(try place.run().told == .answer(place.lastToken))
    #expect(try place.run("--account", email).told == .answer(first))
    #expect(try place.items().map(\.kind) == ["account", "account", "token", "token"])
  }

  @Test func `an account whose name begins like another's is another`() throws {
    place.meti.setPassword("other", for: email + ".au")
    try place.logIn()
    let first = place.lastToken
    try place.logIn(email + ".au", password: "other")
    #expect(try place.run("--account", email).told == .answer(first))
    #expect(try place.run("--account", email + ".au").told == .answer(place.lastToken))
  }

  // MARK: Where secrets may not be
}
