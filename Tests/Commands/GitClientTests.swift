import Foundation
import Testing

@Suite("A real git", .manyAtOnce)
struct GitClientTests {
  let place: Workplace
  let git: GitClient
  let token: String

  init() throws {
    place = try Workplace.loggedIn()
    git = try GitClient.setUp(place)
    token = place.lastToken
  }

  private var filled: String {
    """
    protocol=https
    host=\(place.host)
    username=\(METIServer.email)
    password=\(place.lastToken)

    """
  }

  // MARK: git credential

  @Test func `fill gives the token`() throws {
    #expect(try git.fill(place.lines()) == filled)
    #expect(try git.fill(place.lines("username=\(METIServer.email)")) == filled)
    #expect(try git.fill("url=\(place.url)/sources\n") == filled)
    #expect(place.meti.requests == [])
  }

  @Test(arguments: [
    "protocol=http\nhost=HOST\n", "protocol=https\nhost=github.com\n",
    "protocol=https\nhost=HOST\nusername=x@y.z\n",
  ])
  func `fill gives nothing for others`(request: String) throws {
    let request = request.replacing("HOST", with: place.host)
    let outcome = try git.run("credential", "fill", input: request)
    #expect(outcome.status == .exit(128))
    #expect(outcome.out == "")
    #expect(outcome.err.contains("terminal prompts disabled"))
  }

  @Test func `approve changes nothing`() throws {
    let before = try place.items()
    let credential = try git.fill(place.lines())
    #expect(try git.run("credential", "approve", input: credential).told == .silence)
    #expect(try place.items() == before)
    #expect(place.kernelKeys == ["#\(METIServer.email)"])
  }

  @Test func `approve of a typed password changes nothing`() throws {
    let before = try place.items()
    let credential = place.lines("username=\(METIServer.email)", "password=typed")
    #expect(try git.run("credential", "approve", input: credential).told == .silence)
    #expect(try place.items() == before)
  }

  @Test func `reject forgets the token alone`() throws {
    let before = try place.items()
    let credential = try git.fill(place.lines())
    #expect(try git.run("credential", "reject", input: credential).told == .silence)
    #expect(try place.items() == before.filter { $0.kind != "token" })
    #expect(place.kernelKeys == [])
    #expect(try git.fill(place.lines()) == filled)
    #expect(place.lastToken != token)
    #expect(place.meti.tokenPosts == 1)
  }

  @Test func `reject of an older token leaves the newer one`() throws {
    let before = try place.items()
    let older = place.lines("username=\(METIServer.email)", "password=older")
    #expect(try git.run("credential", "reject", input: older).told == .silence)
    #expect(try place.items() == before)
  }

  @Test(arguments: ["before", "after"])
  func `a helper for all hosts is not given the token`(time: String) throws {
    let git = try GitClient(place)
    // What comes after ours is asked after it; setting up again puts ours last.
    if time == "after" { _ = try git.setUp() }
    let log = try git.addWitness(to: "credential.helper")
    _ = try git.setUp()
    let credential = try git.fill(place.lines())
    _ = try git.run("credential", "approve", input: credential)
    _ = try git.run("credential", "reject", input: credential)
    #expect(git.contents(log) == "")
  }

  @Test func `after a hard failure git asks no other helper and no user`() throws {
    let log = try git.addWitness(to: "credential.\(place.url).helper")
    try place.desktop.restartLocked()
    place.dropKernelKeys()
    let outcome = try git.run("credential", "fill", input: place.lines())
    #expect(outcome.status == .exit(128))
    #expect(outcome.out == "")
    #expect(outcome.err.contains("meti-token: error: the keyring is locked"))
    #expect(outcome.err.contains("told us to quit"))
    #expect(git.contents(log) == "")
  }

  @Test func `with nothing stored git asks the next one`() throws {
    let place = try Workplace()
    let git = try GitClient.setUp(place)
    let log = try git.addWitness(to: "credential.\(place.url).helper")
    let outcome = try git.run("credential", "fill", input: place.lines())
    #expect(outcome.err.hasPrefix("meti-token: hint: no account is stored for \(place.url)"))
    #expect(git.contents(log) == "get\nprotocol=https\nhost=\(place.host)\n")
  }

  // MARK: git over HTTPS

  private var listing: String {
    let commit = "5f1d2c3b4a59687786958493a2b1c0d9e8f70615"
    return "\(commit)\tHEAD\n\(commit)\trefs/heads/main\n"
  }

  /// How git came to the repository: `none`, or the scheme of its Authorization.
  private var schemes: [String] {
    place.meti.requests.filter { $0.path == "/repo.git/info/refs" }.map { request in
      request.authorization.map { String($0.prefix { $0 != " " }) } ?? "none"
    }
  }

  @Test func `ls-remote is refused once, and comes again with the token`() throws {
    let outcome = try git.run("ls-remote", place.url + "/repo.git")
    #expect(outcome.out == listing)
    #expect(outcome.err == "")
    // libcurl asks once more to see what it may choose from (CURLAUTH_ANY).
    #expect(schemes.dropLast().allSatisfy { $0 == "none" } && (2...3).contains(schemes.count))
    #expect(schemes.last == "Basic" || schemes.last == "Bearer")
    #expect(place.meti.tokenPosts == 0)
    #expect(try place.items().map(\.kind) == ["account", "token"])
  }

  @Test func `after a token died ls-remote fails once, and the next one has a new token`() throws {
    place.meti.revoke(token)
    let refused = try git.run("ls-remote", place.url + "/repo.git")
    #expect(refused.status == .exit(128))
    #expect(try place.items().map(\.kind) == ["account"])
    #expect(try git.run("ls-remote", place.url + "/repo.git").out == listing)
    #expect(place.meti.tokenPosts == 1)
  }

  @Test func `a repository's own configuration is not asked`() throws {
    // git runs helpers in the repository, whose files are somebody else's.
    _ = try git.directory.write("echo evil >evil\n", to: "git")
    _ = try git.directory.write("METI_API_URL=https://evil.example\n", to: ".env")
    _ = try git.directory.write("machine 127.0.0.1 login evil password evil\n", to: ".netrc")
    git.environment["HOME"] = git.directory.path
    #expect(try place.run("reject").status == .exit(0))
    #expect(try git.fill(place.lines()) == filled)
    #expect(place.meti.requests.map(\.authorization) == [nil])
  }

  // MARK: git-credential-libsecret

  private static let libsecretSource =
    "/usr/share/doc/git/contrib/credential/libsecret/git-credential-libsecret.c"
  private static let hasLibsecret = FileManager.default.fileExists(atPath: libsecretSource)

  @Test(.enabled(if: hasLibsecret, "git's contrib directory is not installed"))
  func `git-credential-libsecret neither sees nor deletes what is stored`() throws {
    let program = git.directory.path + "/bin/git-credential-libsecret"
    let built = try Program("/bin/sh").run(
      [
        "-c", #"clang -o "$0" "$1" $(pkg-config --cflags --libs libsecret-1 glib-2.0)"#, program,
        Self.libsecretSource,
      ], timeout: .seconds(120))
    try #require(built.status == .exit(0), "\(built)")
    let before = try place.items()
    let requests = [
      place.lines(), place.lines("username=\(METIServer.email)"),
      place.lines("username=\(METIServer.email)", "password=\(token)"),
      "protocol=https\nhost=\(place.host)\npath=sources\n", "protocol=https\n",
    ]
    for request in requests {
      // It gives back what it is sent.
      if !request.contains("password=") {
        let got = try Program(program).run(
          ["get"], input: .text(request), environment: place.environment)
        #expect(!got.out.contains("password="))
      }
      _ = try Program(program).run(
        ["erase"], input: .text(request), environment: place.environment)
    }
    #expect(try place.items() == before)

    // Neither does it mind us: what it stores for this very host stays its own.
    let stored = place.lines("username=\(METIServer.email)", "password=its own")
    _ = try Program(program).run(["store"], input: .text(stored), environment: place.environment)
    #expect(try git.fill(place.lines()) == filled)
    _ = try git.run("credential", "reject", input: try git.fill(place.lines()))
    let own = try Program(program).run(
      ["get"], input: .text(place.lines()), environment: place.environment)
    #expect(own.out.contains("password=its own\n"))
  }
}
