import ArgumentParser
import MetiToken

struct LoginCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "login", abstract: "Verify an account and store it in the keyring.",
    discussion: """
      The account becomes the default of its API. A client of METI's second generation (OAuth 2.0 \
      client credentials) needs --client-id, --token-url and --audience.
      """)

  @Option(
    help: ArgumentHelp("The account's e-mail address (default: ask).", valueName: "e-mail"))
  var email: String?

  @Flag(help: "Read the password from standard input.")
  var passwordStdin = false

  @Option(
    help: ArgumentHelp("Read the password from a file.", valueName: "file"), completion: .file())
  var passwordFile: String?

  @Option(help: ArgumentHelp("The id of an OAuth 2.0 client.", valueName: "id"))
  var clientID: String?

  @Option(help: ArgumentHelp("The client's token endpoint.", valueName: "url"))
  var tokenURL: String?

  @Option(help: ArgumentHelp("The API that the tokens are for.", valueName: "audience"))
  var audience: String?

  @Option(help: ArgumentHelp("What the tokens may be used for.", valueName: "scope"))
  var scope: String?

  @Flag(help: "Read the client secret from standard input.")
  var clientSecretStdin = false

  @Option(
    help: ArgumentHelp("Read the client secret from a file.", valueName: "file"),
    completion: .file())
  var clientSecretFile: String?

  @Flag(help: "Store the account without asking METI.")
  var noVerify = false

  @OptionGroup var common: CommonOptions

  func validate() throws {
    let isUser = email != nil || passwordStdin || passwordFile != nil
    let isClient = tokenURL != nil || audience != nil || scope != nil || clientSecretStdin
    if clientID == nil, isClient || clientSecretFile != nil {
      throw ValidationError("the options of a client need --client-id")
    }
    if clientID != nil, isUser {
      throw ValidationError("--client-id cannot be combined with --email or a password option")
    }
    if clientID != nil, tokenURL == nil || audience == nil {
      throw ValidationError("--client-id needs --token-url and --audience")
    }
    if email == nil, isUser {
      throw ValidationError("--password-stdin and --password-file need --email")
    }
    if passwordStdin || clientSecretStdin, passwordFile != nil || clientSecretFile != nil {
      throw ValidationError("use either standard input or a file")
    }
  }

  func run() throws {
    var grant = Credential.Grant.password
    if let tokenURL, let audience {
      grant = try .client(tokenURL: tokenURL, audience: audience, scope: scope)
    }
    var settings = common.settings(account: email ?? clientID)
    settings.isForKeyring = true
    let call = try Call(settings)
    let login = Login(call: call)
    let source: SecretSource? =
      passwordStdin || clientSecretStdin
      ? .standardInput : (passwordFile ?? clientSecretFile).map(SecretSource.file)
    // Before the user types a password, and METI is asked, for nothing.
    try call.store.prepareForWriting()
    let credential = try login.credential(name: email ?? clientID, grant: grant, from: source)
    if noVerify {
      try call.renewal.storeUnverified(credential, until: call.deadline)
      let account = credential.account
      Console.say("stored \(account.name) for \(account.api.text), not verified")
    } else {
      _ = try login.logIn(credential)
    }
  }
}
