import ArgumentParser
import MetiToken

struct EraseCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "erase",
    abstract: "Discard the token, because a server rejected it.",
    usage: "meti-token erase [--account <e-mail>] [<options>]",
    discussion: """
      The token is discarded if the request has no secret, or exactly this token. The account \
      stays, and a newer token stays. Malformed requests and those for other hosts are ignored.
      """)

  @OptionGroup var options: AccountOptions

  func run() throws {
    let helper = try HelperCall(options)
    // git expects a helper to ignore what is malformed or cannot be read.
    guard let input = try? helper.request(),
      let request = input.bytes.withBytes({ try? GitCredentialRequest($0) }),
      let call = try helper.call(for: request)
    else { return }
    do {
      try call.reject { request.asksToForget($0) }
    } catch TokenError.noAccount, TokenError.noDefault {}
  }
}

struct StoreCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "store",
    abstract: "Do nothing. git calls this after every success.",
    usage: "meti-token store [<options>]",
    discussion: """
      git gives every helper the credential that worked, and does not say whether it is a token or \
      a password. Only meti-token login stores an account.
      """)

  @OptionGroup var options: AccountOptions

  /// Reads the request only so that the caller can write it without SIGPIPE.
  func run() throws {
    let helper = try HelperCall(options)
    _ = try? helper.request()
  }
}

struct CapabilityCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "capability",
    abstract: "Print the supported capabilities of git-credential(1).",
    usage: "meti-token capability [<options>]")

  @OptionGroup var options: AccountOptions

  func run() throws { try Output.write(GitCredentialAnswer.capabilities) }
}
