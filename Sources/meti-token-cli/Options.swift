import ArgumentParser
import MetiToken

/// The options of every command.
struct CommonOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "The METI API (default: $METI_API_URL, else \(APIURL.standard.text)).",
      valueName: "url"))
  var apiURL: String?

  @Option(
    help: ArgumentHelp(
      "The limit for the whole call (default: 30s; get, store, erase: 8s).",
      valueName: "duration"))
  var timeout: Duration?

  @Flag(name: .shortAndLong, help: "Report each step on stderr, without secrets.")
  var verbose = false
}

/// What options and environment settle for a call, without the parser's types: the bare command runs
/// without the parser, which would cost as much as half a lookup in the keyring.
struct Settings {
  var apiURL: String?
  var timeout: Int64?
  var isVerbose = false
  var account: String?
  var noPrompt = false
  /// The command is about the keyring, whatever account the environment has (`login`, `switch`).
  var isForKeyring = false
  /// A helper verb: asks no question, and has a shorter deadline.
  var isHelper = false
}

extension CommonOptions {
  func settings(account: String? = nil, noPrompt: Bool = false) -> Settings {
    Settings(
      apiURL: apiURL, timeout: timeout?.seconds, isVerbose: verbose, account: account,
      noPrompt: noPrompt)
  }
}

/// The options of a command about one account.
struct AccountOptions: ParsableArguments {
  @Option(
    name: .shortAndLong,
    help: ArgumentHelp(
      "The account (default: $METI_ACCOUNT, else the default account).", valueName: "e-mail"),
    completion: .storedAccounts)
  var account: String?

  @OptionGroup var common: CommonOptions

  func settings(noPrompt: Bool = false) -> Settings {
    common.settings(account: account, noPrompt: noPrompt)
  }
}

extension CompletionKind {
  /// The names that `list` prints, as far as they are plain: a shell runs nothing of them.
  static var storedAccounts: CompletionKind {
    .shellCommand(
      "meti-token list --timeout 2s 2>/dev/null | cut -c 3- | grep -x '[A-Za-z0-9._%+@-]*'")
  }
}

/// A DURATION: seconds, or a number with `s`, `m` or `h`.
struct Duration: ExpressibleByArgument, Equatable {
  let seconds: Int64

  static let hint = "write a duration as 30, 90s, 5m or 1h"

  /// A year, in seconds.
  static let longest: Int64 = 366 * 86400

  init?(argument: String) {
    let unit = argument.last.flatMap { ["s": 1, "m": 60, "h": 3600][$0] } as Int64?
    let (factor, digits) = (unit ?? 1, argument.dropLast(unit == nil ? 0 : 1))
    guard !digits.isEmpty, digits.utf8.allSatisfy(\.isDigit),
      let number = Int64(digits), number <= Self.longest / factor
    else { return nil }
    seconds = number * factor
  }
}
