import Testing

/// Without a keyring: the account comes with the environment.
@Suite("On a server", .manyAtOnce)
struct ServerTests {
  /// A machine without a bus, with these variables beside METI's.
  func server(_ extra: [String: String]) throws -> Workplace {
    let place = try Workplace(.noBus)
    place.environment.merge(extra) { $1 }
    return place
  }

  private var inEnvironment: [String: String] {
    ["METI_EMAIL": METIServer.email, "METI_PASSWORD": METIServer.password]
  }

  @Test func `the password may stand in the environment, and the token is kept in the kernel`()
    throws
  {
    let place = try server(inEnvironment)
    #expect(try place.run().told == .answer(place.lastToken))
    #expect(try place.run().told == .answer(place.lastToken))
    #expect(place.meti.tokenPosts == 1)
    #expect(place.kernelKeys == ["#\(METIServer.email)"])
  }

  @Test func `with the kernel tier switched off every call asks METI`() throws {
    let place = try server(inEnvironment.merging(["METI_TOKEN_CACHE": "keyring"]) { $1 })
    #expect(try place.run().told == .answer(place.lastToken))
    #expect(try place.run().told == .answer(place.lastToken))
    #expect(place.meti.tokenPosts == 2)
    #expect(place.kernelKeys == [])
  }

  @Test func `a file that only its owner may read is taken as it is`() throws {
    let place = try server(["METI_EMAIL": METIServer.email])
    let file = try place.desktop.directory.write(METIServer.password + "\n", to: "password")
    #expect(try Program("chmod").run(["600", file]).status == .exit(0))
    place.environment["METI_PASSWORD_FILE"] = file
    #expect(try place.run().told == .answer(place.lastToken))
  }

  @Test func `a file that others may read is warned of`() throws {
    let place = try server(["METI_EMAIL": METIServer.email])
    let file = try place.desktop.directory.write(METIServer.password, to: "password")
    #expect(try Program("chmod").run(["644", file]).status == .exit(0))
    place.environment["METI_PASSWORD_FILE"] = file
    let warning =
      "meti-token: warning: others may read \(file); protect it with: chmod 600\n"
    #expect(try place.run().told == .answer(place.lastToken, err: warning))
  }

  @Test func `a file that is not there is named`() throws {
    let place = try server([
      "METI_EMAIL": METIServer.email, "METI_PASSWORD_FILE": "/nonexistent/password",
    ])
    #expect(
      try place.run().told
        == .failure(74, "cannot read /nonexistent/password: No such file or directory"))
  }

  @Test func `systemd's credential is found by its name`() throws {
    let place = try server(["METI_EMAIL": METIServer.email])
    _ = try place.desktop.directory.write(METIServer.password, to: "meti-password")
    place.environment["CREDENTIALS_DIRECTORY"] = place.desktop.directory.path
    #expect(try place.run().told == .answer(place.lastToken))
  }

  @Test func `a rejected password is sent once, until it is changed`() throws {
    let place = try server(["METI_EMAIL": METIServer.email])
    let file = try place.desktop.directory.write("wrong", to: "password")
    _ = try Program("chmod").run(["600", file])
    place.environment["METI_PASSWORD_FILE"] = file
    let children = try (0..<20).map { _ in try place.start() }
    for child in children { #expect(child.wait().status == .exit(77)) }
    #expect(place.meti.tokenPosts == 1)
    _ = try place.desktop.directory.write(METIServer.password, to: "password")
    #expect(try place.run().told == .answer(place.lastToken))
    #expect(place.meti.tokenPosts == 2)
  }

  @Test func `a rejected credential of systemd's is sent once, however often it is copied`() throws
  {
    let place = try server(["METI_EMAIL": METIServer.email])
    place.environment["CREDENTIALS_DIRECTORY"] = place.desktop.directory.path
    for _ in 0..<5 {
      // systemd makes a new file at each start of a service.
      let file = try place.desktop.directory.write("wrong", to: "start")
      _ = try Program("mv").run([file, place.desktop.directory.path + "/meti-password"])
      #expect(try place.run().status == .exit(77))
    }
    #expect(place.meti.tokenPosts == 1)
    _ = try place.desktop.directory.write(METIServer.password, to: "meti-password")
    #expect(try place.run().told == .answer(place.lastToken))
    #expect(place.meti.tokenPosts == 2)
  }

  @Test func `a rejected password in the environment is sent once, until it is changed`() throws {
    let place = try server(inEnvironment.merging(["METI_PASSWORD": "wrong"]) { $1 })
    for _ in 0..<3 { #expect(try place.run().status == .exit(77)) }
    #expect(place.meti.tokenPosts == 1)
    place.environment["METI_PASSWORD"] = METIServer.password
    #expect(try place.run().told == .answer(place.lastToken))
    // The other one is known as before.
    place.environment["METI_PASSWORD"] = "wrong"
    #expect(try place.run("--force-refresh").status == .exit(77))
    #expect(place.meti.tokenPosts == 2)
  }

  @Test func `a rejected password in the environment is tried again after a logout`() throws {
    let place = try server(inEnvironment.merging(["METI_PASSWORD": "wrong"]) { $1 })
    for _ in 0..<2 { #expect(try place.run().status == .exit(77)) }
    #expect(place.meti.tokenPosts == 1)
    _ = try place.run("logout", "--token-only")
    place.meti.setPassword("wrong", for: METIServer.email)
    #expect(try place.run().told == .answer(place.lastToken))
  }

  @Test func `a rejected password in the environment leaves the keyring's alone`() throws {
    let place = try Workplace.loggedIn()
    let wrong = try place.run(
      ["--force-refresh"], with: ["METI_EMAIL": METIServer.email, "METI_PASSWORD": "wrong"])
    #expect(wrong.status == .exit(77))
    #expect(try place.run("--force-refresh").told == .answer(place.lastToken))
  }

  @Test func `a rejected password is sent once, also if it comes through a pipe`() throws {
    let place = try server(["METI_EMAIL": METIServer.email])
    let script = #"METI_PASSWORD_FILE=<(echo "$1") exec "$0""#
    func call(_ password: String) throws -> Outcome {
      try Program("bash").run(
        ["-c", script, Program.metiToken.path, password], environment: place.environment)
    }
    let first = try call("wrong")
    #expect(first.status == .exit(77))
    #expect(!first.err.contains("warning: it"))
    for _ in 0..<3 { #expect(try call("wrong").status == .exit(77)) }
    #expect(place.meti.tokenPosts == 1)
    #expect(try call(METIServer.password).value == place.lastToken)
  }

  @Test func `a password that does not come is waited for as long as the call may take`() throws {
    let place = try server(["METI_EMAIL": METIServer.email])
    let pipe = place.desktop.directory.path + "/pipe"
    #expect(try Program("mkfifo").run(["-m", "600", pipe]).status == .exit(0))
    place.environment["METI_PASSWORD_FILE"] = pipe
    #expect(
      try place.run("--timeout", "1").told
        == .failure(75, "\(pipe) did not end in time"))
    #expect(place.meti.tokenPosts == 0)
  }

  @Test func `a password that is not UTF-8 is not sent`() throws {
    let place = try server(["METI_EMAIL": METIServer.email])
    let script = #"METI_PASSWORD="$(printf 'p\344ss')" exec "$0""#
    let outcome = try Program("/bin/sh").run(
      ["-c", script, Program.metiToken.path], environment: place.environment)
    #expect(
      outcome.told
        == .failure(
          65,
          "METI_PASSWORD contains no usable password: it must be one line of UTF-8, at most 8 KiB, "
            + "without a byte order mark, NUL or carriage return"))
    #expect(place.meti.requests == [])
  }

  @Test(arguments: [
    ("METI_EMAIL", ""), ("METI_ACCOUNT", ""), ("METI_API_URL", ""), ("METI_PASSWORD_FILE", "-f"),
  ])
  func `a variable that is not UTF-8 is not taken for another value`(
    _ name: String, _ option: String
  ) throws {
    let place = try server(inEnvironment)
    #expect(try place.run().status == .exit(0))
    let script = #"export "$1=$(printf 'a\344b')"; exec "$0" $2"#
    let outcome = try Program("/bin/sh").run(
      ["-c", script, Program.metiToken.path, name, option], environment: place.environment)
    #expect(
      outcome.told
        == .failure(64, "\(name) is not UTF-8", hint: "see ENVIRONMENT in meti-token(1)"))
  }

  private static let paths = [
    "METI_PASSWORD_FILE", "METI_CLIENT_SECRET_FILE", "CREDENTIALS_DIRECTORY", "METI_CA_FILE",
    "SSL_CERT_FILE",
  ]

  @Test(arguments: paths)
  func `a relative path in a variable is refused`(_ name: String) throws {
    let place = try server(inEnvironment.merging([name: "secrets/file"]) { $1 })
    #expect(
      try place.run().told
        == .failure(
          64, "\(name) is not an absolute path", hint: "see ENVIRONMENT in meti-token(1)"))
    #expect(place.meti.requests == [])
  }

  @Test(arguments: paths)
  func `a relative path in a variable stops git`(_ name: String) throws {
    let place = try server(inEnvironment.merging([name: "secrets/file"]) { $1 })
    #expect(
      try place.ask("get", place.lines()).told
        == .quit(64, "\(name) is not an absolute path", hint: "see ENVIRONMENT in meti-token(1)"))
  }

  /// Nowhere to put a file, as in a service without directories of its own.
  private let nowhere = [
    "XDG_RUNTIME_DIR": "/nonexistent", "XDG_CACHE_HOME": "/nonexistent", "HOME": "/nonexistent",
  ]

  @Test func `a rejection that cannot be recorded is a warning`() throws {
    let place = try server(inEnvironment.merging(["METI_PASSWORD": "wrong"]) { $1 })
    let warning =
      "warning: METI's rejection was not recorded: the next call sends the credentials again\n"
    let homeless = try place.run(with: nowhere)
    #expect(homeless.status == .exit(77))
    #expect(homeless.err.contains(warning))
    let full = try Program("/bin/sh").run(
      ["-c", #"ulimit -f 0; exec "$0""#, Program.metiToken.path], environment: place.environment)
    #expect(full.status == .exit(77))
    #expect(full.err.contains(warning))
  }

  @Test func `the hint of a rejection says what ends it`() throws {
    let place = try server(inEnvironment.merging(["METI_PASSWORD": "wrong"]) { $1 })
    let hint = "correct the credentials in the environment"
    #expect(
      try place.run().told
        == .failure(
          77, "METI rejects the credentials of \(METIServer.email) (HTTP 401)", hint: hint))
    let later = try place.run()
    #expect(later.err.contains("the credentials of \(METIServer.email) on 20"))
    #expect(later.err.hasSuffix("meti-token: hint: \(hint)\n"))
    place.environment["METI_PASSWORD"] = METIServer.password
    #expect(try place.run().told == .answer(place.lastToken))
  }

  @Test func `status tells that the password of the environment was rejected`() throws {
    let place = try server(inEnvironment.merging(["METI_PASSWORD": "wrong"]) { $1 })
    #expect(try place.run("status", "--json").out.contains("rejected_on") == false)
    #expect(try place.run().status == .exit(77))
    #expect(try place.run("status", "--json").out.contains(#""rejected_on":"#))
    let text = try place.run("status").out
    #expect(text.contains("  password: rejected by METI on 20"))
    #expect(text.contains("; correct the credentials in the environment\n"))
  }

  @Test func `the hint names the secret that an account lacks`() throws {
    let needs =
      "METI_EMAIL needs METI_PASSWORD, METI_PASSWORD_FILE or the systemd credential "
      + "meti-password; or log in with: meti-token login"
    let place = try server(["METI_EMAIL": METIServer.email])
    #expect(
      try place.run().told
        == .failure(
          69, "no keyring is available: there is no session bus here", hint: needs))
    let desktop = try Workplace()
    desktop.environment["METI_EMAIL"] = METIServer.email
    #expect(
      try desktop.run().told
        == .failure(
          78, "account \(METIServer.email) is not stored for \(desktop.url)", hint: needs))
  }

  @Test func `a file without a client secret is called that`() throws {
    let place = try server([
      "METI_CLIENT_ID": METIServer.clientID, "METI_AUDIENCE": "https://api.meti.millpont.com",
    ])
    place.environment["METI_TOKEN_URL"] = place.url + "/oauth/token"
    let file = try place.desktop.directory.write("", to: "secret")
    _ = try Program("chmod").run(["600", file])
    place.environment["METI_CLIENT_SECRET_FILE"] = file
    #expect(try place.run().told == .failure(65, "\(file) contains no client secret"))
  }

  @Test func `another account is looked for in the keyring`() throws {
    let place = try server(inEnvironment)
    #expect(try place.run("--account", "other@example.org").status == .exit(69))
    #expect(place.meti.tokenPosts == 0)
  }

  @Test func `status says where the password comes from`() throws {
    let place = try server(inEnvironment)
    let told = try place.run("status")
    #expect(
      told.told
        == .answer(
          """
          \(METIServer.email) (default)
            API:      \(place.url)
            password: taken from the environment
            token:    none
          """))
  }
}
