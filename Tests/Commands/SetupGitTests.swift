import Foundation
import Testing

@Suite("setup-git", .manyAtOnce)
struct SetupGitTests {
  let place: Workplace
  let git: GitClient

  init() throws {
    place = try Workplace.loggedIn()
    git = try GitClient(place)
  }

  private var added: Told {
    .done("git now asks meti-token for \(place.url)")
  }

  @Test func `two lines are written, once`() throws {
    #expect(try git.setUp().told == added)
    let written = git.contents(git.configuration)
    #expect(
      written == "[credential \"\(place.url)\"]\n\thelper = \n\thelper = meti\n")
    #expect(try git.setUp().told == added)
    #expect(git.contents(git.configuration) == written)
    #expect(try git.fill(place.lines()).contains("password=\(place.lastToken)\n"))
  }

  @Test func `unset removes them and says so`() throws {
    _ = try git.setUp()
    #expect(
      try git.setUp("--unset").told == .done("git no longer asks meti-token for \(place.url)"))
    #expect(git.contents(git.configuration) == "")
    #expect(
      try git.setUp("--unset").told
        == .done("git does not ask meti-token for \(place.url); nothing was changed"))
  }

  @Test func `nothing but the API's own lines is touched`() throws {
    let before = """
      # mine
      [credential]
      \thelper = store
      [credential "https://github.com"]
      \thelper =
      \thelper = !gh auth git-credential
      [user]
      \tname = Name

      """
    _ = try git.directory.write(before, to: "gitconfig")
    _ = try git.setUp()
    #expect(git.contents(git.configuration).hasPrefix(before))
    _ = try git.setUp("--unset")
    #expect(git.contents(git.configuration) == before)
  }

  @Test func `helpers that were there before stay, turned off`() throws {
    let key = "credential.\(place.url).helper"
    let log = try git.addWitness(to: key)
    let witness = try git.helpers()
    #expect(try git.setUp().told == added)
    #expect(try git.helpers() == witness + ["", "meti"])
    _ = try git.run("credential", "approve", input: try git.fill(place.lines()))
    #expect(git.contents(log) == "")
    _ = try git.setUp("--unset")
    #expect(try git.helpers() == witness)
  }

  @Test func `a helper after ours is moved before the empty line`() throws {
    _ = try git.setUp()
    _ = try git.run("config", "--global", "--add", "credential.\(place.url).helper", "cache")
    #expect(try git.setUp().told == added)
    #expect(try git.helpers() == ["cache", "", "meti"])
    _ = try git.setUp("--unset")
    #expect(try git.helpers() == ["cache"])
  }

  @Test func `a helper for all hosts that came later makes us move behind it`() throws {
    _ = try git.setUp()
    _ = try git.run("config", "--global", "--add", "credential.helper", "store")
    let later = git.contents(git.configuration)
    #expect(try git.setUp().told == added)
    let moved = git.contents(git.configuration)
    #expect(moved.hasPrefix("[credential]\n\thelper = store\n") && moved != later)
    #expect(try git.helpers() == ["", "meti"])
  }

  /// Every way of naming the host that git takes for it.
  @Test(arguments: [
    "credential.URL/.helper", "credential.HTTPS://HOST.helper",
    "credential.https://*.0.*.1:PORT.helper",
    "credential.HOST.helper", "credential.https://.helper",
  ])
  func `a helper for a pattern that came later makes us move behind it`(key: String) throws {
    let key = key.replacing("URL", with: place.url).replacing("HOST", with: place.host)
      .replacing("PORT", with: "\(place.meti.port)")
    _ = try git.setUp()
    let log = try git.addWitness(to: key)
    #expect(try git.setUp().told == added)
    #expect(try git.helpers() == ["", "meti"])
    let request = place.lines("username=name", "password=token")
    _ = try git.run("credential", "approve", input: request)
    #expect(git.contents(log) == "")
  }

  @Test(arguments: [
    "credential.https://example.org.helper", "credential.https://github.com.helper",
  ])
  func `a helper for others is not warned of`(key: String) throws {
    _ = try git.run("config", "--global", "credential.\(place.url).username", METIServer.email)
    _ = try git.addWitness(to: key)
    #expect(try git.setUp().told == added)
  }

  @Test func `a helper in a file that is included makes us move behind it`() throws {
    _ = try git.setUp()
    let witness = try git.directory.write("[credential]\n\thelper = store\n", to: "included")
    _ = try git.run("config", "--global", "include.path", witness)
    #expect(try git.setUp().told == added)
    let moved = git.contents(git.configuration)
    #expect(moved.hasPrefix("[include]\n"))
    #expect(try git.helpers() == ["", "meti"])
    _ = try git.setUp("--unset")
    #expect(try git.helpers() == [])
    #expect(git.contents(witness) == "[credential]\n\thelper = store\n")
  }

  @Test func `a helper between our two lines makes us move behind it`() throws {
    let between = """
      [credential "\(place.url)"]
      \thelper =
      [credential]
      \thelper = store
      [credential "\(place.url)"]
      \thelper = meti

      """
    _ = try git.directory.write(between, to: "gitconfig")
    #expect(try git.setUp().told == added)
    #expect(try git.helpers() == ["", "meti"])
    #expect(git.contents(git.configuration).hasPrefix("[credential]\n\thelper = store\n"))
  }

  @Test func `an empty line after ours, which turns us off, is repaired`() throws {
    _ = try git.setUp()
    _ = try git.run("config", "--global", "--add", "credential.\(place.url).helper", "")
    #expect(try git.setUp().told == added)
    #expect(try git.fill(place.lines()).contains("password=\(place.lastToken)\n"))
  }

  @Test func `a helper that we cannot move behind is warned of`() throws {
    let username = "credential.\(place.url).username"
    _ = try git.run("config", "--global", username, METIServer.email)
    _ = try git.run("config", "--global", "--add", "credential.helper", "store")
    let warning =
      "warning: later lines may give the token to other helpers, or turn off meti-token: "
      + "credential.helper"
    #expect(try git.setUp().told == .done("git now asks meti-token for \(place.url)", warning))
    #expect(try git.helpers() == ["", "meti"])
    #expect(try git.run("config", "--global", username).value == METIServer.email)
  }

  @Test func `other helpers are never run, and no value of theirs is shown`() throws {
    let log = try git.addWitness(to: "credential.helper")
    let outcome = try git.setUp("--verbose")
    #expect(outcome.told == added)
    #expect(git.contents(log) == "")
    _ = try git.run(
      "config", "--global", "credential.\(place.url).username", METIServer.email)
    _ = try git.run("config", "--global", "--add", "credential.helper", "!echo password=pa55word")
    #expect(try !git.setUp("--verbose").err.contains("pa55word"))
  }

  @Test func `git gets none of our secrets in its environment`() throws {
    let log = git.directory.path + "/environment"
    _ = try Program.install(
      script: "#!/bin/sh\nenv >>'\(log)'\nexec /usr/bin/git \"$@\"\n",
      at: git.directory.path + "/bin/git")
    let secrets = ["METI_PASSWORD", "METI_CLIENT_SECRET", "METI_TOKEN"]
    for name in secrets { git.environment[name] = "pa55word" }
    #expect(try git.setUp().told == added)
    #expect(git.contents(log).contains("GIT_CONFIG_GLOBAL="))
    #expect(!git.contents(log).contains("pa55word"))
  }

  @Test(arguments: [["meti"], ["", "/old/place/bin/meti-token"], ["meti", "", "meti --verbose"]])
  func `lines of ours that are out of date are replaced`(old: [String]) throws {
    let key = "credential.\(place.url).helper"
    for value in old { _ = try git.run("config", "--global", "--add", key, value) }
    #expect(try git.setUp().told == added)
    #expect(try git.helpers() == ["", "meti"])
  }

  @Test func `without its name in PATH the helper is written as a path`() throws {
    let git = try GitClient(place, isInPath: false)
    #expect(try git.setUp().told == added)
    let path = try FileManager.default.destinationOfSymbolicLink(atPath: git.helper)
    #expect(try git.helpers().count == 2)
    #expect(try git.helpers().last?.contains("/meti-token") == true)
    #expect(path.hasSuffix("/meti-token"))
    #expect(try git.fill(place.lines()).contains("password=\(place.lastToken)\n"))
  }

  @Test func `a path is quoted for the shell`() throws {
    let git = try GitClient(place, isInPath: false)
    let folder = git.directory.path + "/it's a $(place)"
    let program = try Program.metiToken.install(at: folder + "/meti-token")
    _ = try Program.cli.install(at: folder + "/meti-token-cli")
    #expect(try git.setUp(program: program).told == added)
    let helper = "/'" + folder.dropFirst().replacing("'", with: #"'\''"#) + "/meti-token'"
    #expect(try git.helpers() == ["", helper])
    #expect(try git.fill(place.lines()).contains("password=\(place.lastToken)\n"))
    #expect(try git.setUp("--unset", program: program).status == .exit(0))
    #expect(try git.helpers() == [])
  }

  @Test func `an API that is named is named to git as well`() throws {
    git.environment["METI_API_URL"] = nil
    #expect(try git.setUp("--api-url", place.url + "/").told == added)
    #expect(try git.helpers() == ["", "meti --api-url \(place.url)"])
    #expect(try git.fill(place.lines()).contains("password=\(place.lastToken)\n"))
  }

  @Test func `the default API has the two lines of the manual`() throws {
    git.environment["METI_API_URL"] = nil
    #expect(try git.setUp().status == .exit(0))
    #expect(try git.helpers("https://api.meti.millpont.com") == ["", "meti"])
  }

  @Test func `without git it says so`() throws {
    git.environment["PATH"] = git.directory.path + "/bin:.:"
    _ = try Program.install(script: "#!/bin/sh\necho evil\n", at: git.directory.path + "/git")
    #expect(
      try git.setUp().told
        == .failure(
          74, "git is not in PATH",
          hint: "install git, or write the two lines that meti-token setup-git --help shows"))
  }

  @Test func `a configuration that cannot be written is an error`() throws {
    git.environment["GIT_CONFIG_GLOBAL"] = git.directory.path + "/none/gitconfig"
    let outcome = try git.setUp()
    #expect(outcome.status == .exit(74))
    #expect(outcome.err.hasPrefix("meti-token: error: cannot use git's configuration: "))
    #expect(outcome.err.split(separator: "\n").count == 1)
  }
}
