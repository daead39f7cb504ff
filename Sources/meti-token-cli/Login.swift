import MetiToken
import System

/// Gets an account from the user, has METI verify it, and stores it.
struct Login {
  let call: Call

  /// For the user to answer one question, in seconds.
  static let answerLimit: Int64 = 120

  /// The account for a call that found none: offered on the terminal.
  /// - Parameter selector: what was looked for.
  func first(_ selector: AccountSelector) throws -> Token {
    // A client's secret is for its own token URL. If that is unknown, nothing is asked.
    guard let grant = try? EnvironmentStore.grant(of: selector.name),
      try offer(selector, grant)
    else { throw Failure(TokenError.noAccount(selector)) }
    let credential = try credential(name: selector.name, grant: grant)
    return try logIn(credential, mustBeStored: false)
  }

  private func offer(_ selector: AccountSelector, _ grant: Credential.Grant) throws -> Bool {
    let kind = grant == .password ? "METI account" : "METI client"
    let account = selector.name.map { "\(kind) \($0)" } ?? kind
    let answer = try ask(
      "No \(account) is stored for \(selector.api.text). Log in now? [Y/n] ", isSecret: false)
    return answer.withBytes { bytes in
      bytes.byteCount == 0 || bytes.byte(at: 0) == UInt8(ascii: "y")
        || bytes.byte(at: 0) == UInt8(ascii: "Y")
    }
  }

  /// The name (asked for unless given) and the secret, from the terminal or from `source`.
  func credential(
    name: String?, grant: Credential.Grant, from source: SecretSource? = nil
  ) throws -> Credential {
    let account = try Account(entered: try name ?? askEmail(), api: call.selector.api)
    let secret: Secret
    if let source {
      secret = try call.uncounted {
        try source.read(grant.secretName, call.clock).secret.duplicate()
      }
    } else {
      secret = try askSecret(grant)
    }
    return Credential(account: account, grant: grant, secret: secret)
  }

  /// Verifies and stores it; reports on stderr for whom and for how long.
  func logIn(_ credential: borrowing Credential, mustBeStored: Bool) throws -> Token {
    let account = credential.account
    let token: Token
    do throws(TokenError) {
      token = try call.renewal.logIn(
        credential, mustBeStored: mustBeStored, until: call.deadline)
    } catch .issuer(let error, let account, let grant) {
      let secret = grant == .password ? "the e-mail address and password" : "the client's secret"
      throw Failure(error, account, whenRejected: "check \(secret); nothing was stored")
    } catch {
      throw Failure(error)
    }
    let life = DurationText.of(token.lifetime)
    Console.say(
      "logged in to \(account.api.text) as \(account.name); the token is valid for \(life)")
    return token
  }

  func storeUnverified(_ credential: borrowing Credential) throws {
    let account = credential.account
    try call.renewal.storeUnverified(credential, until: call.deadline)
    Console.say("stored \(account.name) for \(account.api.text), not verified")
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
    let secret = try ask("METI \(name): ", isSecret: true, grant)
    guard !secret.isEmpty else { throw Failure.usage("the \(name) is empty", hint: nil) }
    guard secret.withBytes({ Credential.isLegalSecret($0) }) else {
      throw Failure.usage("the \(name) is not UTF-8 or contains a control character", hint: nil)
    }
    return secret
  }

  private func ask(
    _ question: String, isSecret: Bool, _ grant: Credential.Grant = .password
  ) throws -> Secret {
    guard call.interaction.questions, let terminal = Terminal() else {
      throw Failure.usage(
        Terminal() == nil
          ? "there is no terminal to ask on"
          : "questions are off in a background job, a notebook and CI, or by METI_TOKEN_INTERACTIVE",
        hint: grant == .password
          ? "use --email with --password-stdin or --password-file"
          : "use --client-secret-stdin or --client-secret-file")
    }
    return try call.uncounted {
      try terminal.ask(question, isSecret: isSecret, seconds: Self.answerLimit)
    }
  }
}
