import MetiToken
import System

/// Gets an account from the user, has METI verify it, and stores it.
struct Login {
  let call: Call

  /// For the user to answer one question, in seconds.
  static let answerLimit: Int64 = 120

  /// The account for a call that found none: offered on the terminal, but not to an OAuth 2.0
  /// client, whose token URL would be unknown.
  /// - Parameter selector: what was looked for.
  func first(_ selector: AccountSelector) throws -> Token {
    let account = selector.name.map { " \($0)" } ?? ""
    guard selector.name?.contains("@") ?? true else { throw TokenError.noAccount(selector) }
    let answer = try ask(
      "No METI account\(account) is stored for \(selector.api.text). Log in now? [Y/n] ",
      isSecret: false)
    let isYes = answer.withBytes { $0.byteCount == 0 || "yY".utf8.contains($0.byte(at: 0)) }
    guard isYes else { throw TokenError.noAccount(selector) }
    return try logIn(credential(name: selector.name, grant: .password), mustBeStored: false)
  }

  /// The name (asked for unless given) and the secret, from the terminal or from `source`.
  func credential(
    name: String?, grant: Credential.Grant, from source: SecretSource? = nil
  ) throws -> Credential {
    let account = try Account(name: try name ?? askEmail(), api: call.selector.api)
    let secret: Secret
    if let source {
      secret = try call.uncounted { try source.read(grant.secretName, call.clock) }
    } else {
      secret = try askSecret(grant)
    }
    return Credential(account: account, grant: grant, secret: secret)
  }

  /// Verifies and stores it; reports on stderr for whom and for how long.
  func logIn(_ credential: borrowing Credential, mustBeStored: Bool = true) throws -> Token {
    let account = credential.account
    let token: Token
    do throws(TokenError) {
      token = try call.renewal.logIn(
        credential, mustBeStored: mustBeStored, until: call.deadline)
    } catch .issuer(let error, let account) {
      let secret =
        credential.grant == .password ? "the e-mail address and password" : "the client's secret"
      throw Failure(error, of: account, whenRejected: "check \(secret); nothing was stored")
    }
    let life = DurationText.of(token.lifetime)
    Console.say(
      "logged in to \(account.api.text) as \(account.name); the token is valid for \(life)")
    return token
  }

  // MARK: Questions

  private func askEmail() throws -> String {
    let answer = try ask("METI e-mail: ", isSecret: false)
    guard let text = answer.withBytes({ $0.text }) else {
      throw Failure.usage("the e-mail address is not UTF-8", hint: nil)
    }
    return String(text.drop(while: { $0 == " " }).reversed().drop(while: { $0 == " " }).reversed())
  }

  private func askSecret(_ grant: Credential.Grant) throws -> Secret {
    let name = grant.secretName
    let secret = try ask("METI \(name): ", isSecret: true)
    guard secret.withBytes({ Credential.isLegalSecret($0) }) else {
      throw SecretSourceError(
        secret.isEmpty ? .empty : .malformed, source: "the answer", content: name)
    }
    return secret
  }

  private func ask(_ question: String, isSecret: Bool) throws -> Secret {
    guard call.interaction.questions, let terminal = Terminal() else {
      throw Failure.usage(
        "questions are not possible here",
        hint: "use --email with --password-stdin, or --client-id with --client-secret-stdin")
    }
    return try call.uncounted {
      try terminal.ask(question, isSecret: isSecret, seconds: Self.answerLimit)
    }
  }
}
