import Glibc
import MetiToken
import Posix

/// Asks for an account, has METI verify it, stores it.
struct Login {
  let call: Call

  /// For a person to answer one question, in seconds.
  static let patience: Int64 = 120

  /// Sees that the keyring can take an account, before a person is asked for a password and METI for
  /// a token in vain.
  func prepare() throws(Failure) {
    do { try call.store.makeReady() } catch { throw Failure(error) }
  }

  /// Whether a person who has stored nothing wants to log in now.
  func offer(_ selector: AccountSelector, _ grant: Credential.Grant) throws(Failure) -> Bool {
    let kind = grant == .password ? "METI account" : "METI client"
    let account = selector.name.map { "\(kind) \($0)" } ?? kind
    let answer = try ask(
      "No \(account) is stored for \(selector.api.text). Log in now? [Y/n] ", isSecret: false)
    return answer.withBytes { bytes in
      let bytes = Span<UInt8>(_bytes: bytes)
      return bytes.isEmpty || bytes[0] == UInt8(ascii: "y") || bytes[0] == UInt8(ascii: "Y")
    }
  }

  /// The e-mail or client id (asked for unless given) and the secret, from a person or `source`.
  func credential(
    email: String?, grant: Credential.Grant = .password, from source: SecretSource? = nil
  ) throws(Failure) -> Credential {
    let name: String
    if let email { name = email } else { name = try askEmail() }
    let account = try Account(entered: name, api: call.selector.api)
    let password: Secret
    if let source {
      let found = try uncounted { () throws(Failure) in try source.read(grant.secretName) }
      password = found.secret
    } else {
      password = try askSecret(grant)
    }
    return Credential(account: account, grant: grant, secret: password)
  }

  /// Verifies (unless told not to) and stores; says on stderr for whom and for how long.
  /// - Parameter mustBeKept: false has a token handed out also where the keyring takes nothing.
  func store(
    _ credential: borrowing Credential, isVerified: Bool, mustBeKept: Bool = true
  ) throws(Failure) -> Token? {
    let account = credential.account
    let token: Token?
    do {
      token = try call.renewal.enrol(
        credential, isVerified: isVerified, mustBeKept: mustBeKept, until: call.deadline)
    } catch {
      throw Failure.ofStored(error)
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

  private func askSecret(_ grant: Credential.Grant) throws(Failure) -> Secret {
    let name = grant.secretName
    let secret = try ask("METI \(name): ", isSecret: true, of: grant)
    guard !secret.isEmpty else { throw .usage("the \(name) is empty", hint: nil) }
    guard secret.withBytes({ Credential.isLegalSecret($0) }) else {
      throw .usage("the \(name) is not UTF-8 or holds a control character", hint: nil)
    }
    return secret
  }

  private func ask(
    _ question: String, isSecret: Bool, of grant: Credential.Grant = .password
  ) throws(Failure) -> Secret {
    guard let terminal = Terminal(), call.mayAsk else {
      throw Failure.usage(
        Terminal() == nil
          ? "there is no terminal to ask on" : "nobody may be asked: METI_TOKEN_INTERACTIVE is 0",
        hint: grant == .password
          ? "give the account with --email and --password-stdin or --password-file"
          : "give the secret with --client-secret-stdin or --client-secret-file")
    }
    do {
      return try uncounted { () throws(Terminal.NoAnswer) in
        try terminal.ask(question, isSecret: isSecret, seconds: Self.patience)
      }
    } catch {
      throw Failure(error)
    }
  }

  /// The time that a person takes, or a password manager that asks one, is not the call's.
  private func uncounted<Value: ~Copyable, Reason>(
    _ body: () throws(Reason) -> Value
  ) throws(Reason) -> Value {
    let start = call.clock.now()
    defer { call.deadline.extend(by: call.clock.now().boot - start.boot) }
    return try body()
  }
}
