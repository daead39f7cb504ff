import ArgumentParser
import Glibc
import MetiToken
import Posix

struct SetupGitCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "setup-git",
    abstract: "Let git ask meti-token for the API's host.",
    usage: "meti-token setup-git [--unset] [<options>]",
    discussion: """
      Adds two lines to your configuration of git (git config --global):

          [credential "https://api.meti.millpont.com"]
              helper =
              helper = meti

      The empty one keeps the helpers that you have for every host, such as store and cache, from \
      being asked first and from being given the token to keep. Where git-credential-meti is not \
      in PATH the second line holds the path of meti-token. Where the API is named with --api-url \
      the second line names it as well.

      Lines of other hosts are not touched. Helpers that you already had for this very URL stay \
      where they are, before the empty line, which switches them off until --unset. git asks \
      helpers in the order of its files: where one is added later that is for this host as well, \
      such as one for every host, run this again, and the two lines move behind it. A helper that \
      a repository's own configuration names is still asked after meti-token, and is given the \
      token.
      """)

  @Flag(help: "Remove the lines again, and nothing else.")
  var unset = false

  @OptionGroup var common: CommonOptions

  func run() throws {
    var settings = common.settings(noPrompt: true)
    // No account is needed, whatever the environment has to say of one.
    settings.isForKeyring = true
    let api = try Call(settings).selector.api
    let configuration = GitConfiguration(git: try GitProgram(), api: api)
    let lines = try configuration.lines()
    if unset {
      try remove(lines, from: configuration, api)
    } else {
      try add(to: lines, in: configuration, api)
    }
  }

  private func add(
    to lines: HelperLines, in configuration: GitConfiguration, _ api: APIURL
  ) throws(Failure) {
    let wanted = lines.adding(try Self.helper(api, isNamed: common.apiURL != nil))
    try configuration.change(lines, to: wanted)
    var now = wanted == lines ? lines : try configuration.lines()
    if !now.others.isEmpty {
      try configuration.move(now)
      now = try configuration.lines()
    }
    if wanted != lines || !lines.others.isEmpty {
      Voice.say("git now asks meti-token for \(api.origin), by its global configuration")
    } else {
      Voice.say("git already asks meti-token for \(api.origin); nothing was changed")
    }
    if now.hasOthersBefore {
      Voice.say("what other helpers it had for this URL stay in place, switched off")
    }
    let keepers = (now.hasOthersAfter ? [configuration.key] : []) + now.others
    if !keepers.isEmpty {
      Voice.warning(
        "another helper for \(api.origin) comes after meti-token and is given the token to keep: "
          + keepers.distinctNames().joined(separator: ", "))
    }
  }

  private func remove(
    _ lines: HelperLines, from configuration: GitConfiguration, _ api: APIURL
  ) throws(Failure) {
    let wanted = lines.removingOurs()
    guard wanted != lines else {
      Voice.say("git does not ask meti-token for \(api.origin); nothing was changed")
      return
    }
    try configuration.change(lines, to: wanted)
    Voice.say("git no longer asks meti-token for \(api.origin)")
  }

  /// The value of the second line.
  private static func helper(_ api: APIURL, isNamed: Bool) throws(Failure) -> String {
    var helper: String
    if SearchPath.find(Invocation.nameForGit) != nil {
      helper = HelperLines.shortName
    } else {
      helper = ShellWord.quote(try ownPath())
    }
    if isNamed && api != .standard { helper += " --api-url \(ShellWord.quote(api.text))" }
    return helper
  }

  /// The path of `meti-token`: beside this program, or in `bin` where this one is in
  /// `libexec/meti-token` of the same prefix.
  private static func ownPath() throws(Failure) -> String {
    guard let executable = Process.executable else {
      throw Failure(.bug, "cannot tell where it is installed: /proc is not mounted")
    }
    let parts = executable.split(separator: "/")
    let folders = [parts.dropLast(), parts.dropLast(3) + ["bin"]]
    let paths = folders.map { "/" + ($0 + ["meti-token"]).joined(separator: "/") }
    return paths.first { unsafe access($0, X_OK) == 0 } ?? executable
  }
}
