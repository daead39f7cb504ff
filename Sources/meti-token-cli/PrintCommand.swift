import ArgumentParser
import Glibc
import HelperProtocols
import MetiToken
import Posix

/// The bare `meti-token`: a valid token on stdout.
struct PrintCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "print",
    abstract: "Print a valid token (what meti-token does by itself).",
    usage:
      "meti-token print [-a <e-mail>] [-f] [--json | --header] [<options>]",
    shouldDisplay: false)

  @OptionGroup var account: AccountOption

  @Option(
    help: ArgumentHelp(
      "How long the token must still be valid (default: 60s).", valueName: "duration"))
  var minValidity: Duration?

  @Flag(name: .shortAndLong, help: "Ask METI for a new token, whatever is stored.")
  var forceRefresh = false

  @Flag(help: "Print a JSON object with the token, its expiry, the account and the API.")
  var json = false

  @Flag(help: "Print the whole Authorization header, as curl -H @- takes it.")
  var header = false

  @Flag(help: "Never ask a person anything.")
  var noPrompt = false

  @OptionGroup var common: CommonOptions

  func validate() throws {
    if json && header { throw ValidationError("--json and --header exclude each other") }
  }

  func run() throws {
    try Printing(
      validity: MinimumValidity(asked: minValidity?.seconds), mustBeNew: forceRefresh,
      form: json ? .json : header ? .header : .bare
    ).run(common.settings(account: account.account, noPrompt: noPrompt))
  }
}

/// The main job: comes to a token and prints it.
struct Printing {
  enum Form {
    case bare, header, json
  }

  var validity = MinimumValidity.standard
  var mustBeNew = false
  var form = Form.bare

  /// What this process is called for, where the parser is not needed to tell. The parser, and
  /// whatever else makes the runtime search for conformances, costs as much as half a look-up.
  init?(_ arguments: Arguments) {
    guard !arguments.name(endsWith: "git-credential-meti") else { return nil }
    if arguments.areOnly("--header") {
      form = .header
    } else if arguments.areOnly("--json") {
      form = .json
    } else if !arguments.areNone {
      return nil
    }
  }

  init(validity: MinimumValidity, mustBeNew: Bool, form: Form) {
    self.validity = validity
    self.mustBeNew = mustBeNew
    self.form = form
  }

  func run(_ settings: Settings) throws(Failure) {
    let call = try Call(settings)
    let request = TokenRequest(selector: call.selector, validity: validity, mustBeNew: mustBeNew)
    let token = try call.token(for: request)
    switch form {
    case .bare: try Output.write(token.line(asHeader: false))
    case .header: try Output.write(token.line(asHeader: true))
    case .json: try Output.write(token.json(call.selector.api, at: call.clock.now()))
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

/// The answer, and nothing else, on stdout.
enum Output {
  static func write(_ bytes: borrowing Secret) throws(Failure) {
    let isWritten = bytes.withBytes { Process.write($0, to: STDOUT_FILENO) }
    guard isWritten else { throw .inputOutput("cannot write to standard output") }
  }

  /// Writes `bytes`, in which there is a secret, and wipes them.
  static func write(wiping bytes: inout [UInt8]) throws(Failure) {
    let isWritten = unsafe Process.write(bytes.span.bytes, to: STDOUT_FILENO)
    unsafe bytes.withUnsafeMutableBytes { bytes in
      guard let start = bytes.baseAddress else { return }
      unsafe explicit_bzero(start, bytes.count)
    }
    guard isWritten else { throw .inputOutput("cannot write to standard output") }
  }

  static func write(_ text: String) throws(Failure) {
    guard Process.write(text, to: STDOUT_FILENO) else {
      throw .inputOutput("cannot write to standard output")
    }
  }
}
