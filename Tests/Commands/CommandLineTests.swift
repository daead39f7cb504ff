import Testing

@Suite("Mistakes in the command line", .manyAtOnce)
struct CommandLineTests {
  @Test(arguments: [
    ["--bogus"], ["bogus"], ["login", "--bogus"], ["logout", "--all", "--account", "a@b.c"], ["-a"],
  ])
  func `a mistake in the command line is one line of error and one of hint`(
    arguments: [String]
  ) throws {
    let outcome = try Program.metiToken.run(arguments)
    #expect(outcome.status == .exit(64))
    #expect(outcome.out == "")
    let lines = outcome.err.split(separator: "\n")
    #expect(lines.count == 2)
    #expect(lines.first?.hasPrefix("meti-token: error: ") == true)
    let command = ["login", "logout"].contains(arguments[0]) ? "\(arguments[0]) " : ""
    #expect(lines.last == "meti-token: hint: see meti-token \(command)--help")
  }

  @Test(arguments: [["--timeout", "soon"], ["--timeout"], ["exec", "--min-validity", "soon"]])
  func `the hint about a wrong duration shows its form`(arguments: [String]) throws {
    let outcome = try Program.metiToken.run(arguments)
    #expect(outcome.status == .exit(64))
    let hint = outcome.err.split(separator: "\n").last
    #expect(hint == "meti-token: hint: write a duration as 30, 90s, 5m or 1h")
  }

  @Test(arguments: ["--help", "-h", "help"])
  func `help fits a screen`(option: String) throws {
    let outcome = try Program.metiToken.run([option])
    #expect(outcome.status == .exit(0))
    // With the prompt after it.
    let lines = outcome.out.split(separator: "\n", omittingEmptySubsequences: false)
    #expect(lines.count <= 24 && lines.allSatisfy { $0.count <= 80 })
  }

  @Test(arguments: [
    "login", "logout", "status", "list", "switch", "reject", "get", "store", "erase", "capability",
    "setup-git", "exec", "curl", "header-file", "doctor",
  ])
  func `help names every command, which has help of its own`(command: String) throws {
    let help = try Program.metiToken.run(["--help"]).out
    #expect(help.split { !$0.isLetter && $0 != "-" }.contains(Substring(command)))
    #expect(try Program.metiToken.run([command, "--help"]).status == .exit(0))
    #expect(try Program.metiToken.run(["help", command]).out.contains("meti-token \(command)"))
  }

  @Test(arguments: ["bash", "zsh", "fish"])
  func `a completion script has the options that need no command`(shell: String) throws {
    let script = try Program.metiToken.run(["--generate-completion-script", shell])
    #expect(script.status == .exit(0))
    for word in ["force-refresh", "min-validity", "no-prompt", "header-file", "setup-git"] {
      #expect(script.out.contains(word), "\(word)")
    }
  }

  @Test(arguments: ["", "--account", "switch", "login --email", "get --api-url"])
  func `an argument that is not UTF-8 is refused`(words: String) throws {
    let script = #"exec "$0" $1 "$(printf 'a\344b')""#
    #expect(
      try Program("/bin/sh").run(["-c", script, Program.metiToken.path, words]).told
        == .failure(64, "an argument is not UTF-8"))
  }

  @Test(arguments: [
    (["--api-url", "https://example.com", "status"], "status"), (["-v", "list"], "list"),
  ])
  func `options before the command get a hint`(
    arguments: [String], command: String
  ) throws {
    #expect(
      try Program.metiToken.run(arguments).told
        == .failure(
          64, "Unexpected argument '\(command)'",
          hint: "put the command before its options: meti-token \(command) ..."))
  }

  private static let malformedURL =
    "must have a host, and may have a port and a path, in printable ASCII and without a user name"

  @Test(arguments: [
    ("http://example.com", "must begin with https:// (http:// only for loopback addresses)"),
    (
      "http://127.0.0.1.example.com",
      "must begin with https:// (http:// only for loopback addresses)"
    ),
    ("ftp://example.com", "must begin with https:// (http:// only for loopback addresses)"),
    ("example.com", "must begin with https:// (http:// only for loopback addresses)"),
    ("https://me:secret@example.com", malformedURL),
    ("https://example.com@127.0.0.1", malformedURL),
    ("https://example.com/?a=b", malformedURL),
    ("https://exa mple.com", malformedURL),
    ("https://éxample.com", malformedURL),
    ("https://", malformedURL),
    ("https://example.com:0", malformedURL),
    ("https://example.com:65536", malformedURL),
  ])
  func `a URL that secrets must not go to is refused`(url: String, reason: String) throws {
    #expect(
      try Program.metiToken.run(["--api-url", url]).told == .failure(64, "--api-url \(reason)"))
    #expect(
      try Program.metiToken.run(environment: ["METI_API_URL": url]).told
        == .failure(64, "METI_API_URL \(reason)"))
  }
}

@Suite("Which API is meant", .manyAtOnce)
struct APITests {
  let place: Workplace
  let email = METIServer.email

  init() throws {
    place = try Workplace.loggedIn()
  }

  var token: String { place.lastToken }

  @Test func `a URL is the same however it is written`() throws {
    let rest = place.url.dropFirst("https".count)
    for spelling in ["HTTPS\(rest)", "https\(rest)/", "HttpS\(rest)//"] {
      #expect(try place.run("--api-url", spelling).told == .answer(token))
      #expect(try place.run(with: ["METI_API_URL": spelling]).told == .answer(token))
      #expect(
        try place.run(with: ["METI_API_URL": spelling, "METI_TOKEN_CACHE": "keyring"]).told
          == .answer(token))
    }
    #expect(place.meti.requests == [])
    #expect(place.kernelKeys == ["#\(email)"])
  }

  @Test func `an option counts more than the environment`() throws {
    #expect(
      try place.run("--api-url", place.url, with: ["METI_API_URL": "https://127.0.0.1:1"]).told
        == .answer(token))
  }

  @Test func `an account of one API is none of another`() throws {
    let other = try METIServer()
    #expect(
      try place.run("--api-url", other.url).told
        == .failure(
          78, "no account is stored for \(other.url)",
          hint: "log in with: meti-token login --api-url \(other.url)"))
  }

  @Test func `plain http is accepted on this machine`() throws {
    let place = try Workplace(.unlocked, .plain)
    try place.logIn()
    #expect(try place.run().told == .answer(place.lastToken))
    #expect(try place.run("-f").told == .answer(place.lastToken))
  }
}
