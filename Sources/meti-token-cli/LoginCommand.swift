import ArgumentParser
import MetiToken

struct LoginCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "login", abstract: "Verify an account and store it in the keyring.",
    discussion: """
      The account becomes the default of its API. A client of METI's second generation (OAuth 2.0 \
      client credentials) is given by --client-id, --token-url and --audience.
      """)

  @Option(
    help: ArgumentHelp("The account's e-mail address (asked for if missing).", valueName: "e-mail"))
  var email: String?

  @Flag(help: "Read the password from standard input.")
  var passwordStdin = false

  @Option(
    help: ArgumentHelp("Read the password from a file.", valueName: "file"), completion: .file())
  var passwordFile: String?

  @Option(help: ArgumentHelp("The id of an OAuth 2.0 client.", valueName: "id"))
  var clientID: String?

  @Option(
    name: .customLong("token-url"),
    help: ArgumentHelp("Where the client gets its tokens.", valueName: "url"))
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

  @Flag(help: "Store the account without asking METI whether it is right.")
  var noVerify = false

  @OptionGroup var common: CommonOptions

  func validate() throws {
    let isClient = clientID != nil
    guard isClient else {
      if tokenURL != nil || audience != nil || scope != nil || clientSecretStdin
        || clientSecretFile != nil
      {
        throw ValidationError("--client-id is needed beside the other options of a client")
      }
      try check(passwordStdin, passwordFile, "password")
      if email == nil && (passwordStdin || passwordFile != nil) {
        throw ValidationError("--email is needed where the password is not asked for")
      }
      return
    }
    if email != nil || passwordStdin || passwordFile != nil {
      throw ValidationError("--client-id excludes the options of an e-mail account")
    }
    guard tokenURL != nil, audience != nil else {
      throw ValidationError("--client-id needs --token-url and --audience")
    }
    try check(clientSecretStdin, clientSecretFile, "client-secret")
  }

  private func check(_ stdin: Bool, _ file: String?, _ name: String) throws {
    if stdin && file != nil {
      throw ValidationError("--\(name)-stdin and --\(name)-file exclude each other")
    }
  }

  func run() throws {
    let grant = try grant()
    var settings = common.settings(account: email ?? clientID)
    settings.isForKeyring = true
    let login = Login(call: try Call(settings))
    let isStdin = passwordStdin || clientSecretStdin
    let source: SecretSource? =
      isStdin ? .standardInput : (passwordFile ?? clientSecretFile).map(SecretSource.file)
    try login.prepare()
    let credential = try login.credential(
      email: email ?? clientID, grant: grant, from: source)
    _ = try login.store(credential, isVerified: !noVerify)
  }

  private func grant() throws(Failure) -> Credential.Grant {
    guard let tokenURL, let audience else { return .password }
    return try .client(tokenURL: tokenURL, audience: audience, scope: scope)
  }
}
