import ArgumentParser
import MetiToken

/// What `meti-token --help` says: all of it fits a screen of 24 lines and 80 columns, which what the
/// parser would make of the commands does not.
enum Help {
  static let text = """
    Prints a valid METI token, and renews it when it has expired.

      meti-token login                      once; from then on there is a token:
      curl -H @<(meti-token --header) \(APIURL.standard.text)/sources
      meti-token curl /sources              the same, and again after a 401
      meti-token exec -- python3 load.py    a program with METI_TOKEN set

    meti-token [OPTION ...]
      -a, --account E-MAIL       another account than the default one
      -f, --force-refresh        a new token, whatever is stored
      --min-validity DURATION    valid for at least 90s, 5m or 1h
      --json, --header           as a JSON object, or as the Authorization header
      --no-prompt, --api-url URL, --timeout DURATION, -v, --version, --help
    meti-token COMMAND [OPTION ...]
      login, logout, status, list, switch         accounts
      exec, curl                                  run a program with a token
      reject                                      METI answered 401 to the token
      setup-git, get, store, erase, capability    for git and Bazel
      header-file                                 for GDAL and QGIS
      doctor                                      what is wrong, and what to do
    Exit status: 0 done, 64 usage, 69 keyring, 75 try again, 76 unusable answer,
    77 METI refuses the credentials, 78 log in first, 130 cancelled.
    More: meti-token help print, meti-token COMMAND --help, man meti-token.

    """

  /// Whether this is what is called for.
  static func isMeant(by arguments: [String]) -> Bool {
    [["--help"], ["-h"], ["help"]].contains(arguments)
  }
}

/// The program as shells are told of it, which complete words one by one and know of no command that
/// is meant without being named: its options are those of the bare command.
struct CompletedCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: MetiTokenCommand.configuration.commandName,
    version: MetiTokenCommand.configuration.version,
    subcommands: MetiTokenCommand.configuration.subcommands)

  @OptionGroup var print: PrintCommand

  /// Whether a script for a shell is called for.
  static func isMeant(by arguments: [String]) -> Bool {
    arguments.first.map { $0.hasPrefix("--generate-completion-script") } ?? false
  }
}
