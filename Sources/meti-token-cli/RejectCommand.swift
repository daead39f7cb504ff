import ArgumentParser
import MetiToken

struct RejectCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "reject",
    abstract: "Discard the token, because METI answered 401 to it.",
    usage: "meti-token reject [--account <e-mail>] [--token-stdin] [<options>]",
    discussion: """
      With --token-stdin the token is discarded only if it is still the stored one, so that a \
      newer token stays.
      """)

  @Flag(help: "Read the rejected token from standard input.")
  var tokenStdin = false

  @OptionGroup var options: AccountOptions

  func run() throws {
    let call = try Call(options.settings())
    // Without --token-stdin, whichever token is stored is discarded.
    let rejected =
      try tokenStdin
      ? call.uncounted { try SecretSource.standardInput.readToken(call.clock) } : Secret()
    try call.reject { !tokenStdin || rejected.equals($0) }
  }
}
