import ArgumentParser
import MetiToken

/// The options of every command.
struct CommonOptions: ParsableArguments {
  @Option(
    name: .customLong("api-url"),
    help: ArgumentHelp(
      "The METI API (default: $METI_API_URL, else \(APIURL.standard.text)).",
      valueName: "url"))
  var apiURL: String?

  @Option(
    help: ArgumentHelp(
      "The longest the whole call may take: 30, 90s, 5m, 1h (default: 30s; get, store, erase: 8s).",
      valueName: "duration"))
  var timeout: Duration?

  @Flag(name: .shortAndLong, help: "Tell on stderr what is done, without any secret.")
  var verbose = false
}

/// What the options and the environment together settle for a call, without the parser's types: the
/// bare command is run without the parser, whose search for conformances costs more than a look-up
/// in the keyring may.
struct Settings {
  var apiURL: String?
  var timeout: Int64?
  var isVerbose = false
  var account: String?
  var noPrompt = false
  /// The account of the environment is left aside (`login`, `switch`).
  var isForKeyring = false
  /// A name that would steer a terminal will do, so that what is stored under it can be removed.
  var acceptsAnyName = false
}

extension CommonOptions {
  func settings(account: String? = nil, noPrompt: Bool = false) -> Settings {
    Settings(
      apiURL: apiURL, timeout: timeout?.seconds, isVerbose: verbose, account: account,
      noPrompt: noPrompt)
  }
}

/// Which account is meant.
struct AccountOption: ParsableArguments {
  @Option(
    name: .shortAndLong,
    help: ArgumentHelp(
      "The account, where it is not the default (default: $METI_ACCOUNT).", valueName: "e-mail"),
    completion: .storedAccounts)
  var account: String?
}

extension CompletionKind {
  /// The names that `list` prints, which asks nobody.
  static var storedAccounts: CompletionKind {
    .shellCommand("meti-token list --timeout 2s 2>/dev/null | cut -c 3-")
  }
}

/// A DURATION: seconds, or a number with `s`, `m` or `h`.
struct Duration: ExpressibleByArgument, Equatable {
  let seconds: Int64

  /// The longest that makes sense, a year, in seconds.
  static let longest: Int64 = 366 * 86400

  init?(argument: String) {
    let factor: Int64
    var digits = argument[...]
    switch argument.last {
    case "s": (factor, digits) = (1, digits.dropLast())
    case "m": (factor, digits) = (60, digits.dropLast())
    case "h": (factor, digits) = (3600, digits.dropLast())
    default: factor = 1
    }
    guard !digits.isEmpty, digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }),
      let number = Int64(digits), number <= Self.longest / factor
    else { return nil }
    seconds = number * factor
  }
}
