import Foundation
import Testing

@Suite("The thin program hands over", .manyAtOnce)
struct HandOverTests {
  let directory: TemporaryDirectory

  init() throws {
    directory = try TemporaryDirectory()
  }

  func install(_ program: Program, at path: String) throws -> Program {
    try program.install(at: directory.path + "/" + path)
  }

  /// Puts a script there which says how it was called.
  func installScript(_ name: String, at path: String) throws {
    let script = #"""
      #!/bin/sh
      printf '\#(name)'
      printf ' [%s]' "$@"
      echo " $VARIABLE"
      exit 3

      """#
    _ = try Program.install(script: script, at: directory.path + "/" + path)
  }

  func makeDirectory(above path: String) throws {
    try FileManager.default.createDirectory(
      atPath: String(path[..<(path.lastIndex(of: "/") ?? path.startIndex)]),
      withIntermediateDirectories: true)
  }

  func link(_ path: String, to target: String) throws -> Program {
    let link = directory.path + "/" + path
    try makeDirectory(above: link)
    try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: target)
    return Program(link)
  }

  static let mark = Told(
    status: .exit(3), out: "other [--min-validity] [5 m] [] [*] a value\n", err: "")
  static let arguments = ["--min-validity", "5 m", "", "*"]

  func hand(over program: Program, path: String? = nil) throws -> Told {
    var environment = ["VARIABLE": "a value"]
    if let path { environment["PATH"] = path }
    return try program.run(
      Self.arguments, environment: environment, directory: directory.path
    ).told
  }

  func missing(from folder: String) -> Told {
    let beside = "\(directory.path)/\(folder)/meti-token-cli"
    let libexec = "\(directory.path)/\(folder)/../libexec/meti-token/meti-token-cli"
    return .failure(
      70, "meti-token-cli is missing: neither \(beside) nor \(libexec) exists",
      hint: "install meti-token again")
  }

  // MARK: To whom

  @Test func `in the build folder it becomes the program beside it`() throws {
    #expect(try Program.metiToken.run(["--version"]).out.hasPrefix("meti-token "))
  }

  @Test func `arguments and environment arrive as they were`() throws {
    let thin = try install(.metiToken, at: "bin/meti-token")
    try installScript("other", at: "bin/meti-token-cli")
    #expect(try hand(over: thin) == Self.mark)
  }

  @Test func `under a prefix it becomes the program in libexec`() throws {
    let thin = try install(.metiToken, at: "usr/bin/meti-token")
    try installScript("other", at: "usr/libexec/meti-token/meti-token-cli")
    #expect(try hand(over: thin) == Self.mark)
  }

  @Test func `the real program works under a prefix`() throws {
    let place = try Workplace()
    let thin = try install(.metiToken, at: "usr/bin/meti-token")
    _ = try install(.cli, at: "usr/libexec/meti-token/meti-token-cli")
    let login = try thin.run(
      ["login", "--email", METIServer.email, "--password-stdin"],
      input: .text(METIServer.password), environment: place.environment)
    #expect(login.status == .exit(0))
    #expect(try thin.run(environment: place.environment).told == .answer(place.lastToken))
    #expect(
      try thin.run(["-f"], environment: place.environment).told == .answer(place.lastToken))
  }

  @Test(arguments: ["elsewhere/meti-token", "elsewhere/mt", "elsewhere/git-credential-meti"])
  func `through a symbolic link it finds the program beside the real file`(name: String) throws {
    _ = try install(.metiToken, at: "usr/bin/meti-token")
    try installScript("other", at: "usr/libexec/meti-token/meti-token-cli")
    try installScript("wrong", at: "elsewhere/meti-token-cli")
    #expect(try hand(over: link(name, to: "../usr/bin/meti-token")) == Self.mark)
  }

  @Test func `through two symbolic links, too`() throws {
    _ = try install(.metiToken, at: "opt/bin/meti-token")
    try installScript("other", at: "opt/bin/meti-token-cli")
    _ = try link("usr/meti-token", to: "../opt/bin/meti-token")
    #expect(
      try hand(over: link("home/meti-token", to: directory.path + "/usr/meti-token")) == Self.mark)
  }

  @Test func `found through PATH it finds the program beside it`() throws {
    _ = try install(.metiToken, at: "bin/meti-token")
    try installScript("other", at: "bin/meti-token-cli")
    let outcome = try Program("/bin/sh").run(
      ["-c", "exec meti-token \"$@\"", "sh"] + Self.arguments,
      environment: ["PATH": directory.path + "/bin", "VARIABLE": "a value"])
    #expect(outcome.told == Self.mark)
  }

  // MARK: To nobody else

  @Test func `without the other program it says so`() throws {
    let thin = try install(.metiToken, at: "bin/meti-token")
    #expect(try hand(over: thin) == missing(from: "bin"))
  }

  @Test func `it becomes nothing out of PATH or the working directory`() throws {
    let thin = try install(.metiToken, at: "bin/meti-token")
    try installScript("wrong", at: "path/meti-token-cli")
    try installScript("wrong", at: "meti-token-cli")
    #expect(
      try hand(over: thin, path: "\(directory.path)/path:.:/usr/bin:/bin") == missing(from: "bin"))
  }

  @Test func `a program that may not be run is named`() throws {
    let thin = try install(.metiToken, at: "bin/meti-token")
    let other = try directory.write("", to: "bin/meti-token-cli")
    #expect(try hand(over: thin) == .failure(70, "cannot run \(other): Permission denied"))
  }

  // MARK: What it answers by itself

  @Test func `a token in the kernel needs no other program`() throws {
    let place = try Workplace.loggedIn()
    let thin = try install(.metiToken, at: "bin/meti-token")
    #expect(try thin.run(environment: place.environment).told == .answer(place.lastToken))
    #expect(
      try thin.run(["--header"], environment: place.environment).told
        == .answer("Authorization: Bearer \(place.lastToken)"))
    #expect(try thin.run(["--json"], environment: place.environment).told == missing(from: "bin"))
    place.dropKernelKeys()
    #expect(try thin.run(environment: place.environment).told == missing(from: "bin"))
  }

  @Test func `as git-credential-meti it answers nothing by itself`() throws {
    let place = try Workplace.loggedIn()
    let thin = try install(.metiToken, at: "bin/git-credential-meti")
    #expect(try thin.run(environment: place.environment).told == missing(from: "bin"))
  }
}
