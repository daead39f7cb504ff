import ArgumentParser
import MetiToken
import System

/// The bare `meti-token`: a valid token on stdout.
struct PrintCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "print",
    abstract: "Print a valid token (the default command).",
    usage: "meti-token [-a <e-mail>] [-f] [--json | --header] [<options>]",
    shouldDisplay: false)

  @Option(
    help: ArgumentHelp(
      "How long the token must still be valid.", valueName: "duration"))
  var minValidity: Duration?

  @Flag(name: .shortAndLong, help: "Request a new token, whatever is stored.")
  var forceRefresh = false

  @Flag(help: "Print a JSON object with the token, its expiry, the account and the API.")
  var json = false

  @Flag(help: "Print the Authorization header, as curl -H @- reads it.")
  var header = false

  @Flag(help: "Never prompt: no question, no dialog.")
  var noPrompt = false

  @OptionGroup var options: AccountOptions

  func validate() throws {
    if json && header { throw ValidationError("use either --json or --header") }
  }

  func run() throws {
    let call = try Call(options.settings(noPrompt: noPrompt))
    try call.printToken(
      for: TokenRequest(
        selector: call.selector, minimumValidity: minValidity?.seconds, mustBeNew: forceRefresh),
      as: json ? .json : header ? .header : .bare)
  }
}

/// How a token is printed.
enum TokenForm {
  case bare, json, header
}

extension Call {
  func printToken(for request: TokenRequest, as form: TokenForm) throws {
    let token = try token(for: request)
    switch form {
    case .bare: try Output.write(token.line(asHeader: false))
    case .header: try Output.write(token.line(asHeader: true))
    case .json: try Output.write(token.json(selector.api, at: clock.now()))
    }
  }
}

extension Token {
  /// `{"token", "token_type", "expires_on", "expires_at", "expires_in", "account", "api_url"}`:
  /// times in seconds, `expires_at` as RFC 3339 in UTC.
  func json(_ api: APIURL, at now: Moment) -> Secret {
    let seconds = expiry.remaining(at: now) / 1000
    let expiresOn = expiry.epochSeconds(at: now)
    var object = JSONObject()
    object.add("token", secret: secret)
    object.add("token_type", "Bearer")
    object.add("expires_on", expiresOn)
    object.add("expires_at", UTC.text(expiresOn))
    object.add("expires_in", seconds)
    object.add("account", account)
    object.add("api_url", api.text)
    var line = object.finish()
    line.append(UInt8(ascii: "\n"))
    return line
  }
}
