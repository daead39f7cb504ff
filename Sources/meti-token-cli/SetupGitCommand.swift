import ArgumentParser
import Glibc
import MetiToken
import System

struct SetupGitCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "setup-git",
    abstract: "Make git ask meti-token for the API's host.",
    usage: "meti-token setup-git [--unset] [<options>]",
    discussion: """
      Adds two lines to your git configuration (git config --global):

          [credential "https://api.meti.millpont.com"]
              helper =
              helper = meti

      The empty line turns off the helpers before it, such as store and cache, so that they neither \
      answer nor get the token. If git-credential-meti is not in PATH, the second line contains the \
      path of meti-token. If you name the API with --api-url, the second line names it too.

      Other lines stay as they are. If you add a helper later, run setup-git again: it moves the two \
      lines to the end, and warns about helpers that still get the token.
      """)

  @Flag(help: "Remove these lines, and nothing else.")
  var unset = false

  @OptionGroup var common: CommonOptions

  func run() throws {
    try CallEnvironment.check()
    let (settings, clock) = (common.settings(), SystemClock())
    let api = try CallEnvironment.api(settings)
    let git = try GitProgram(until: Call.deadline(settings, clock), clock)
    let configuration = GitConfiguration(git: git, api: api)
    let old = try configuration.helpers()
    let others = GitHelper.removed(from: old)
    if unset {
      if others != old { try configuration.replace(old, with: others) }
      Console.say(
        others == old
          ? "git does not ask meti-token for \(api.origin); nothing was changed"
          : "git no longer asks meti-token for \(api.origin)")
    } else {
      let helper = try GitHelper.value(api: common.apiURL == nil ? nil : api)
      try add(old, others + ["", helper], to: configuration)
    }
  }

  private func add(
    _ old: [String], _ new: [String], to configuration: GitConfiguration
  ) throws {
    let host = configuration.api.origin
    var asked = try configuration.askedKeys()
    if new == old && asked == [configuration.key] {
      Console.say("git already asks meti-token for \(host); nothing was changed")
      return
    }
    try configuration.replace(old, with: new)
    asked = try configuration.askedKeys()
    guard let ours = asked.firstIndex(of: configuration.key) else {
      throw Failure(
        .inputOutput, "git does not ask meti-token: a later line turns off the helpers before it",
        hint: "find the empty helper line with: git config --show-origin --get-regexp helper")
    }
    Console.say("git now asks meti-token for \(host)")
    asked.remove(at: ours)
    guard !asked.isEmpty else { return }
    Console.warning(
      "git also gives the token to other helpers: " + asked.distinctNames().joined(separator: ", "))
  }
}

/// The value of `credential.URL.helper` that runs this program.
enum GitHelper {
  /// git makes `git-credential-meti` of it.
  private static let name = "meti"

  /// - Parameter api: the API, if it is to be named.
  static func value(api: APIURL?) throws -> String {
    let isInPath = SearchPath.find(Invocation.nameForGit) != nil
    let program = try isInPath ? name : ShellWord.quote(ownPath())
    return program + (api.map { " --api-url \(ShellWord.quote($0.text))" } ?? "")
  }

  /// `values` without ours and the empty one directly before each.
  static func removed(from values: [String]) -> [String] {
    var kept: [String] = []
    for value in values {
      if !isOurs(value) {
        kept.append(value)
      } else if kept.last == "" {
        kept.removeLast()
      }
    }
    return kept
  }

  /// Whether `value` is the name or a quoted absolute path of this program, with options or without.
  private static func isOurs(_ value: String) -> Bool {
    let program = value.firstRange(of: " --").map { value[..<$0.lowerBound] } ?? value[...]
    guard program.hasPrefix("/") else { return program == name }
    let file = program.split(separator: "/").last?.filter { $0 != "'" } ?? ""
    return ["meti-token", "meti-token-cli", Invocation.nameForGit].contains(file)
  }

  /// The path of `meti-token`: beside this program, or in `bin` if this one is in
  /// `libexec/meti-token` of the same prefix.
  private static func ownPath() throws -> String {
    guard let executable = Process.executable else {
      throw Failure(.bug, "cannot find its own path: /proc is not mounted")
    }
    let parts = executable.split(separator: "/")
    let folders = [parts.dropLast(), parts.dropLast(3) + ["bin"]]
    let paths = folders.map { "/" + ($0 + ["meti-token"]).joined(separator: "/") }
    return paths.first { unsafe access($0, X_OK) == 0 } ?? executable
  }
}
