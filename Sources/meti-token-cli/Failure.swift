import Glibc
import MetiToken
import System

/// Every way to fail: one line of error, one of hint if there is something to do, and the exit
/// status.
struct Failure: Error {
  let status: ExitStatus
  let message: String
  let hint: String?
  /// What C or the server said, for `--verbose`.
  let detail: String

  init(_ status: ExitStatus, _ message: String, hint: String? = nil, detail: String = "") {
    self.status = status
    self.message = message
    self.hint = hint
    self.detail = detail
  }

  static func usage(_ message: String, hint: String? = "see meti-token --help") -> Failure {
    Failure(.usage, message, hint: hint)
  }
}

extension Failure {
  /// Any error of an adapter, in words.
  init(_ error: any Error) {
    switch error {
    case let failure as Failure: self = failure
    case let error as TokenError: self.init(error)
    case let error as KeyringError: self.init(error)
    case let error as IssuerError: self.init(error, of: nil, whenRejected: nil)
    case let error as APIURLError: self.init(error, of: "the API URL")
    case is AccountNameError:
      self = .usage(
        "the account name is empty, longer than 254 bytes, or contains a space or a control "
          + "character", hint: nil)
    case let error as SecretSourceError: self.init(error)
    case let error as CurlArguments.Refusal: self = .usage(error.reason, hint: error.hint)
    case let error as MalformedRequest: self.init(.malformed, error.rawValue)
    case let error as DefaultAccountError: self.init(error)
    case let error as InteractionError:
      self = .usage(
        "METI_TOKEN_INTERACTIVE must be auto, 0, never, dialog or terminal, not \(error.word)",
        hint: "see PROMPTS in meti-token(1)")
    case let error as SystemError: self.init(.inputOutput, error.text)
    case let error as Terminal.NoAnswer: self.init(error)
    default: self.init(.bug, "unexpected error: \(error)")
    }
  }

  private init(_ error: TokenError) {
    switch error {
    case .noAccount(let selector):
      let name = selector.name
      self.init(
        .noAccount,
        (name.map { "account \($0) is not" } ?? "no account is")
          + " stored for \(selector.api.text)",
        hint: EnvironmentStore.missingSecret(of: name)
          ?? "log in with: \(LoginLine.storing(name, at: selector.api))")
    case .defaultNotStored(let account):
      self.init(
        .noAccount, "the default account \(account.name) is not stored for \(account.api.text)",
        hint: "\(Self.remedy(account)), or choose another account with: meti-token switch E-MAIL")
    case .noDefault(let names):
      self.init(
        .noAccount,
        "several accounts are stored and none is the default: " + names.joined(separator: ", "),
        hint: "choose the default with: meti-token switch E-MAIL")
    case .keyring(let error): self.init(error)
    case .rejectedBefore(let account, let rejection):
      self.init(
        .rejected, "METI rejected the credentials of \(account.name) on \(UTC.text(rejection.on))",
        hint: Self.remedy(account))
    case .issuer(let error, let account):
      self.init(error, of: account, whenRejected: Self.remedy(account))
    case .defaultAccount(let error): self.init(error)
    case .busy:
      self.init(
        .tryAgain, "another meti-token is renewing this token and takes too long",
        hint: "try again, or allow more time with --timeout")
    }
  }

  /// What ends a rejection, as a hint.
  static func remedy(_ account: Account) -> String {
    account.name.isSameName(as: EnvironmentStore.broughtName)
      ? "correct the credentials in the environment"
      : "log in with: \(LoginLine.storing(account.name, at: account.api))"
  }

  /// - Parameter hint: what to do if METI rejects the credentials.
  init(_ error: IssuerError, of account: Account?, whenRejected hint: String?) {
    switch error {
    case .rejected(let status, let reason, _):
      let whose = account.map { " of \($0.name)" } ?? ""
      let reason = reason.map { ": \($0)" } ?? ""
      self.init(
        .rejected, "METI rejects the credentials\(whose) (HTTP \(status))\(reason)",
        hint: hint)
    case .unavailable(let reason, let detail, let retryAfter, let isTransient):
      let pause =
        retryAfter.map { seconds in
          "; the next request is in \(DurationText.of(min(seconds, BackOff.longest / 1000)))"
        } ?? ""
      // If later is no better, the user has to find the cause.
      let isLasting = !isTransient && retryAfter == nil
      self.init(
        .tryAgain, reason + pause,
        hint: isLasting ? "find the cause with: meti-token doctor" : "try again later",
        detail: detail)
    case .outOfTime(let reason, let detail):
      self.init(.tryAgain, reason, hint: "try again later", detail: detail)
    case .unusable(let reason):
      self.init(
        .unusable, reason,
        hint: "check the API URL or the client's token URL, and whether the network needs a log-in"
      )
    }
  }

  private init(_ error: Terminal.NoAnswer) {
    switch error {
    case .cancelled: self.init(.cancelled, "cancelled")
    case .timedOut: self.init(.tryAgain, "no answer was typed within two minutes")
    case .failed(let number):
      self.init(.inputOutput, "cannot ask on the terminal: \(SystemError(number).text)")
    }
  }

  /// - Parameter name: what the URL is.
  init(_ error: APIURLError, of name: String) {
    let rule =
      switch error {
      case .notHTTPS: "begin with https:// (http:// only for loopback addresses)"
      case .malformed:
        "have a host, and may have a port and a path, in printable ASCII and without a user name"
      }
    self.init(.usage, "\(name) must \(rule)")
  }

  private init(_ error: DefaultAccountError) {
    let message =
      switch error {
      case .noDirectory: "there is no home directory for the default account's file"
      case .system(let path, let number): "cannot use \(path): \(SystemError(number).text)"
      case .malformed(let path): "\(path) is not a file of URLs and account names"
      }
    self.init(.inputOutput, message, hint: "name the account with --account or METI_ACCOUNT")
  }

  private init(_ error: SecretSourceError) {
    let (source, content) = (error.source, error.content)
    switch error.reason {
    case .system(ETIMEDOUT): self.init(.tryAgain, "\(source) did not end in time")
    case .system(let number):
      self.init(.inputOutput, "cannot read \(source): \(SystemError(number).text)")
    case .empty: self.init(.malformed, "\(source) contains no \(content)")
    case .malformed:
      self.init(
        .malformed,
        content == "token"
          ? "\(source) contains no legal token"
          : "\(source) contains no usable \(content): it must be one line of UTF-8, at most 8 KiB, "
            + "without a byte order mark, NUL or carriage return")
    }
  }
}
