import ArgumentParser
import Glibc
import MetiToken
import Posix

/// Asks for an account, has METI verify it, stores it.
struct Login {
  let call: Call

  /// For a person to answer one question, in seconds.
  static let patience: Int64 = 120

  /// Whether a person who has stored nothing wants to log in now.
  func offer(_ selector: AccountSelector) throws(Failure) -> Bool {
    let answer = try ask(
      "No METI account is stored for \(selector.api.text). Log in now? [Y/n] ", isSecret: false)
    return answer.withBytes { bytes in
      let bytes = Span<UInt8>(_bytes: bytes)
      return bytes.isEmpty || bytes[0] == UInt8(ascii: "y") || bytes[0] == UInt8(ascii: "Y")
    }
  }

  /// The e-mail (asked for unless given) and the password, from a person or from `source`.
  func credential(
    email: String?, from source: SecretSource? = nil
  ) throws(Failure) -> Credential {
    let name: String
    if let email { name = email } else { name = try askEmail() }
    let account: Account
    do {
      account = try Account(name: name, api: call.selector.api)
    } catch {
      throw Failure(error)
    }
    let password: Secret
    if let source {
      password = try source.read()
    } else {
      password = try askPassword()
    }
    return Credential(account: account, secret: password)
  }

  /// Verifies (unless told not to) and stores; says on stderr for whom and for how long.
  func store(
    _ credential: borrowing Credential, isVerified: Bool
  ) throws(Failure) -> Token? {
    let account = credential.account
    let token: Token?
    do {
      token = try call.renewal.enrol(credential, isVerified: isVerified, until: call.deadline)
    } catch {
      throw Failure(error)
    }
    guard let token else {
      Voice.say("stored \(account.name) for \(account.api.text), without asking METI")
      return nil
    }
    let life = Spoken.duration(token.lifetime)
    Voice.say("logged in to \(account.api.text) as \(account.name); the token is valid for \(life)")
    return token
  }

  private func askEmail() throws(Failure) -> String {
    let answer = try ask("METI e-mail: ", isSecret: false)
    guard let text = answer.withBytes({ $0.text }) else {
      throw .usage("the e-mail address is not UTF-8", hint: nil)
    }
    return String(text.drop(while: { $0 == " " }).reversed().drop(while: { $0 == " " }).reversed())
  }

  private func askPassword() throws(Failure) -> Secret {
    let password = try ask("METI password: ", isSecret: true)
    guard !password.isEmpty else { throw .usage("the password is empty", hint: nil) }
    guard password.withBytes({ Credential.isLegalSecret($0) }) else {
      throw .usage("the password is not UTF-8 or holds a control character", hint: nil)
    }
    return password
  }

  /// The time a person takes is not the call's.
  private func ask(_ question: String, isSecret: Bool) throws(Failure) -> Secret {
    guard call.mayAsk, let terminal = Terminal() else {
      throw Failure.usage(
        "there is no terminal to ask on",
        hint: "give the account with --email and --password-stdin or --password-file")
    }
    let start = call.clock.now()
    defer { call.deadline.extend(by: call.clock.now().boot - start.boot) }
    do {
      return try terminal.ask(question, isSecret: isSecret, seconds: Self.patience)
    } catch {
      throw Failure(error)
    }
  }
}

struct LoginCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "login", abstract: "Verify an account and store it in the keyring.")

  @Option(
    help: ArgumentHelp("The account's e-mail address (asked for if missing).", valueName: "e-mail"))
  var email: String?

  @Flag(help: "Read the password from standard input.")
  var passwordStdin = false

  @Option(help: ArgumentHelp("Read the password from a file.", valueName: "file"))
  var passwordFile: String?

  @Flag(help: "Store the account without asking METI whether it is right.")
  var noVerify = false

  @OptionGroup var common: CommonOptions

  func validate() throws {
    if passwordStdin && passwordFile != nil {
      throw ValidationError("--password-stdin and --password-file exclude each other")
    }
    if email == nil && (passwordStdin || passwordFile != nil) {
      throw ValidationError("--email is needed where the password is not asked for")
    }
  }

  func run() throws {
    let call = try Call(common.settings(account: email))
    let source: SecretSource? =
      passwordStdin ? .standardInput : passwordFile.map(SecretSource.file)
    let login = Login(call: call)
    let credential = try login.credential(email: email, from: source)
    _ = try login.store(credential, isVerified: !noVerify)
  }
}
