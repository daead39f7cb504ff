import ArgumentParser
import MetiToken

/// What `meti-token --help` prints: it fits a screen of 24 lines and 80 columns, which the parser's
/// own page of all commands does not.
enum Help {
  static let text = """
    Prints a valid token for the METI API, and renews it before it expires.

      meti-token login                      once; then use the token:
      meti-token curl --fail /sources       run curl with the token
      meti-token exec -- python3 load.py    run a program with METI_TOKEN set
      curl --fail -H "Authorization: Bearer $(meti-token)" URL

    meti-token [OPTION ...]
      -a, --account E-MAIL       use this account, not the default
      -f, --force-refresh        request a new token, whatever is stored
      --min-validity DURATION    valid for at least 90s, 5m or 1h
      --json, --header           print a JSON object, or the Authorization header
      --no-prompt, --api-url URL, --timeout DURATION, -v, --version, --help
    meti-token COMMAND [OPTION ...]
      login, logout, status, list, switch         manage accounts
      exec, curl                                  run a program with a token
      reject                                      discard a token that METI rejected
      setup-git, get, store, erase, capability    serve git and Bazel
      header-file                                 serve GDAL and QGIS
      doctor                                      check everything that a call needs
    Exit status: 0 done, 64 usage, 69 keyring, 75 try again, 76 unusable answer,
    77 METI rejects the credentials, 78 log in first, 130 cancelled.
    More: meti-token help print, meti-token COMMAND --help, man meti-token.

    """
}

/// The program as completion scripts describe it: they know no command that runs without its name, so
/// here the bare command's options are the program's own.
struct CompletedCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: MetiTokenCommand.configuration.commandName,
    version: MetiTokenCommand.configuration.version,
    groupedSubcommands: MetiTokenCommand.configuration.groupedSubcommands)

  @OptionGroup var print: PrintCommand
}
