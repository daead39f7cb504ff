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

      The lines of other hosts stay as they are. If you add a helper later, run setup-git again: it \
      moves the two lines to the end, and warns about helpers that may still get the token.
      """)

  @Flag(help: "Remove these lines, and other empty helper lines of this host.")
  var unset = false

  @OptionGroup var common: CommonOptions

  func run() throws {
    try CallEnvironment.check()
    let (settings, clock) = (common.settings(), SystemClock())
    let api = try CallEnvironment.api(settings)
    let git = try GitConfiguration(until: Call.deadline(settings, clock), clock)
    let key = "credential.\(api.origin).helper"
    // Ours, and empty ones. Others of this host are turned off by ours.
    let isChanged = try git.remove(key, matching: "^$|^meti( |$)|/(meti-token|git-credential-meti)")
    guard !unset else {
      return Console.say(
        isChanged
          ? "git no longer asks meti-token for \(api.origin)"
          : "git does not ask meti-token for \(api.origin); nothing was changed")
    }
    // Without its old lines the section is written at the end again, unless it has other keys.
    try git.add(key, "")
    try git.add(key, try Self.helper(api: common.apiURL == nil ? nil : api))
    Console.say("git now asks meti-token for \(api.origin)")
    let later = try git.helpers().reversed().prefix { !$0.key.utf8.elementsEqual(key.utf8) }
    let others = later.map { String($0.key) }.filter { other in
      other == "credential.helper" || other.contains("*") || other.contains(api.host)
    }
    guard !others.isEmpty else { return }
    Console.warning(
      "later lines may give the token to other helpers, or turn off meti-token: "
        + Set(others).sorted().joined(separator: ", "))
  }

  /// The value that runs this program.
  /// - Parameter api: the API, if it is to be named.
  private static func helper(api: APIURL?) throws -> String {
    // git makes `git-credential-meti` of it.
    let isInPath = SearchPath.find(Invocation.nameForGit) != nil
    let program = try isInPath ? "meti" : ownPath().quoted
    return program + (api.map { " --api-url \($0.text.quoted)" } ?? "")
  }

  /// The path of `meti-token`: beside this program, or in `bin` if this one is in
  /// `libexec/meti-token` of the same prefix.
  private static func ownPath() throws -> String {
    guard let executable = Process.executable else {
      throw Failure(.bug, "cannot find its own path: /proc is not mounted")
    }
    return String(
      executable.replacing("/libexec/meti-token/", with: "/bin/").dropLast("-cli".count))
  }
}
