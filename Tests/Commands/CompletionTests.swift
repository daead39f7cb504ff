import Foundation
import Testing

/// The generated scripts in interactive shells. A shell that is not installed is left out.
@Suite("Completion in a shell", .manyAtOnce)
struct CompletionTests {
  /// How a shell starts without the user's files, and what it runs first.
  private static let shells = [
    "bash": (
      ["--norc", "--noprofile", "-i"], "source <(meti-token --generate-completion-script bash)"
    ),
    "zsh": (
      ["-f", "-i"],
      "autoload -U compinit; compinit -u -D; source <(meti-token --generate-completion-script zsh)"
    ),
    "fish": (["--no-config", "-i"], "meti-token --generate-completion-script fish | source"),
  ]

  @Test(arguments: ["bash", "zsh", "fish"])
  func `offers only plain account names, and executes nothing in the others`(name: String) throws {
    guard try Program("/bin/sh").run(["-c", "command -v \(name)"]).status == .exit(0) else {
      print("skipped: \(name) is not installed")
      return
    }
    let place = try Workplace.loggedIn()
    let hostile = ["$(touch x)@d.c", "`touch x`@d.c", "(touch x)@d.c"]
    for account in hostile { try place.storeItem(of: account) }
    let list = try place.run("list").out
    #expect(hostile.allSatisfy(list.contains))

    let (options, start) = try #require(Self.shells[name])
    let home = try #require(place.environment["HOME"])
    let path = Program.products + ":" + (ProcessInfo.processInfo.environment["PATH"] ?? "")
    let shell = try Terminal(
      Program(name), options,
      environment: place.environment.merging(["PATH": path, "TERM": "dumb"]) { $1 })
    shell.send("cd; \(start); echo rea''dy\n")
    try shell.expect("ready\r\n")
    // TAB types the name if it is the only one.
    shell.send("meti-token switch \t\n")
    #expect(throws: Never.self) {
      try shell.expect("\(METIServer.email) is now the default account")
    }
    #expect(!FileManager.default.fileExists(atPath: home + "/x"))
    shell.send("exit\n")
    #expect(shell.wait(timeout: .seconds(10)).status == .exit(0))
  }
}

extension Workplace {
  /// Stores an account of any name, as another program could.
  fileprivate func storeItem(of account: String) throws {
    let outcome = try Program("secret-tool").run(
      [
        "store", "--label=x", "xdg:schema", "com.millpont.meti.Credential", "meti-kind", "account",
        "meti-api", url, "meti-account", account,
      ], input: .text("password\ngrant=password\n"), environment: environment)
    guard outcome.status == .exit(0) else { throw Missed(what: "a store", seen: outcome.err) }
  }
}
