import Glibc
import MetiToken
import Posix

/// Every way to fail, in words: one line of error, one of hint where there is something to do, and
/// the exit status.
struct Failure: Error {
  let status: ExitStatus
  let message: String
  let hint: String?
  /// What C or the server gave, for `--verbose`.
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

  /// `errno` in words, after a call that has set it.
  static func inputOutput(_ what: String) -> Failure {
    Failure(.inputOutput, "\(what): \(unsafe String(cString: strerror(errno)))")
  }
}

extension Failure {
  /// - Parameter isFromEnvironment: whether the account came with the environment.
  init(_ error: TokenError, isFromEnvironment: Bool = false) {
    switch error {
    case .noAccount(let selector):
      self.init(noAccount: selector)
    case .noDefault(let names):
      self.init(
        .noAccount,
        "several accounts are stored and none is the default: "
          + names.joined(separator: ", "),
        hint: "choose one with --account, or for good with: meti-token switch E-MAIL")
    case .keyring(let error):
      self.init(error, environmentLacks: EnvironmentStore.missingSecret)
    case .refusedBefore(let account, _, let on) where isFromEnvironment:
      self.init(
        .refused,
        "METI refused the \(Self.secretName) of \(account.name) from the environment on "
          + UTC.text(on),
        hint: Self.correctEnvironment)
    case .refusedBefore(let account, let grant, let on):
      self.init(
        .refused,
        "METI refused the stored \(Self.secretName) of \(account.name) on \(UTC.text(on)), "
          + "and they have not been changed since",
        hint: Self.logInAgain(account, grant))
    case .issuer(let error, let account, let grant):
      let remedy = isFromEnvironment ? Self.correctEnvironment : Self.logInAgain(account, grant)
      self.init(error, account, whereRefused: remedy)
    case .tooLong(let account):
      self = .usage(
        "what is to be stored of \(account.name) is longer than "
          + "\(StoredBody.longest / 1024) KiB", hint: nil)
    case .busy:
      self.init(
        .tryAgain, "another meti-token is renewing this token and takes too long",
        hint: "try again, or give it longer with --timeout")
    }
  }

  /// Of a command that is about what the keyring has, whatever the environment brings.
  static func ofStored(_ error: TokenError) -> Failure {
    switch error {
    case .keyring(let error):
      return Failure(error)
    case .noAccount(let selector) where selector.name != nil:
      return Failure(
        .noAccount, Failure(error).message,
        hint: "see what is stored with: meti-token list" + LoginLine.option(for: selector.api))
    default:
      return Failure(error)
    }
  }

  private static var secretName: String { "credentials" }

  /// What ends a refusal there; a log-in would be about the keyring.
  static let correctEnvironment =
    "correct it where it is set; the same one is not tried again for an hour"

  /// What ends a refusal of a stored credential.
  static func logInAgain(_ account: Account, _ grant: Credential.Grant) -> String {
    "log in again with: \(LoginLine.storing(account, grant))"
  }

  private init(noAccount selector: AccountSelector) {
    let whose = selector.name.map { "no account \($0)" } ?? "no account"
    let isOwn = selector.name?.isSameName(as: EnvironmentStore.ownName) ?? false
    let missing = isOwn ? EnvironmentStore.missingSecret : nil
    self.init(
      .noAccount, "\(whose) is stored for \(selector.api.text)",
      hint: (missing.map { "\($0); or " } ?? "")
        + "log in with: \(LoginLine.storing(selector))")
  }

  /// - Parameter environmentLacks: what would have made the keyring needless.
  init(_ error: KeyringError, environmentLacks missing: String? = nil) {
    let (message, hint) = Self.words(error.kind)
    switch error.kind {
    case .unreadable(_, let status):
      self.init(ExitStatus(rawValue: status) ?? .inputOutput, message)
    case .noBus, .noProvider:
      self.init(.keyring, message, hint: missing ?? hint, detail: error.detail)
    default: self.init(.keyring, message, hint: hint, detail: error.detail)
    }
  }

  /// What a keyring's trouble is called; also part of warnings.
  static func words(_ kind: KeyringError.Kind) -> (message: String, hint: String?) {
    switch kind {
    case .noBus:
      (
        "no keyring can be reached: there is no session bus here",
        "log in to a desktop session, or see SERVERS in meti-token(1)"
      )
    case .noProvider:
      (
        "no keyring is running: nothing provides org.freedesktop.secrets",
        "install gnome-keyring, KWallet or KeePassXC, or see SERVERS in meti-token(1)"
      )
    case .locked:
      (
        "the keyring is locked, and nobody can be asked here",
        "unlock it by logging in to the desktop, or run meti-token in a terminal there"
      )
    case .dismissed:
      (
        "the keyring stayed locked: its dialog was dismissed or could not be shown",
        "unlock the keyring and try again"
      )
    case .declined:
      (
        "the keyring did not do it: its dialog was dismissed or could not be shown",
        "try again, and agree in the dialog"
      )
    case .unanswered:
      ("nobody answered the keyring's dialog in time", "answer it and try again")
    case .askingNobody:
      (
        "the keyring wants to ask for leave in a dialog, and nobody can be asked here",
        "run meti-token in a terminal on the desktop, or let the keyring allow it without asking"
      )
    case .notAnswering:
      (
        "the keyring does not answer",
        "a dialog of the keyring may be waiting; otherwise look with: meti-token doctor"
      )
    case .died: ("the keyring went away in the middle of the call", "try again")
    case .denied:
      ("access to the keyring is denied on this session bus", "check D-Bus and AppArmor policy")
    case .noCollection:
      (
        "there is no default keyring to store into",
        "create a default keyring, for example with seahorse"
      )
    case .damaged:
      (
        "the keyring has the item but gives no secret that can be read",
        "unlock the keyring and try again; if it stays so: meti-token login"
      )
    case .damagedToken(let name):
      (
        "the keyring has a token of \(name) but gives none that can be read",
        "drop it with: meti-token logout --token-only --account \(name)"
      )
    case .vanished: ("what the keyring had just found is gone from it", "try again")
    case .garbled:
      (
        "the keyring's answer makes no sense",
        "restart or update the keyring service; see what it said with --verbose"
      )
    case .notStored:
      (
        "the keyring does not take it",
        "look whether the disk is full or read-only; see the reason with --verbose"
      )
    case .unreadable(let message, _): (message, nil)
    case .readOnly:
      ("the account comes from the environment, which is only read", "change it where it is set")
    case .failed: ("the keyring cannot do what was asked", "see the reason with --verbose")
    }
  }

  private init(_ error: IssuerError, _ account: Account, whereRefused remedy: String) {
    switch error {
    case .refused(let refusal):
      let reason = refusal.reason.map { ": \($0)" } ?? ""
      self.init(
        .refused,
        "METI refuses the credentials of \(account.name) (HTTP \(refusal.status))\(reason)",
        hint: remedy)
    case .unavailable(let trouble):
      let after =
        trouble.retryAfter.map { seconds in
          let pause = min(seconds, BackOff.longest / 1000)
          return "; it is not asked again for \(Spoken.duration(pause))"
        } ?? ""
      // Where later is no better, somebody has to find out why.
      let isLasting = !trouble.isTransient && trouble.retryAfter == nil
      self.init(
        .tryAgain, trouble.reason + after,
        hint: isLasting ? "look for the cause with: meti-token doctor" : "try again later",
        detail: trouble.detail)
    case .outOfTime(let reason, let detail):
      self.init(.tryAgain, reason, hint: "try again later", detail: detail)
    case .unusable(let reason):
      self.init(
        .unusable, reason,
        hint: "check --api-url, for a client --token-url, and whether the network wants a log-in")
    }
  }

  init(_ error: Terminal.NoAnswer) {
    switch error {
    case .cancelled: self.init(.cancelled, "cancelled")
    case .timedOut: self.init(.tryAgain, "nobody answered in time")
    case .tooLong:
      self.init(
        .usage, "the answer is longer than a terminal takes",
        hint: "give a long password with --password-file, a client secret with --client-secret-file"
      )
    case .failed(let number):
      self.init(
        .inputOutput, "cannot ask on the terminal: \(unsafe String(cString: strerror(number)))")
    }
  }

  /// - Parameter name: what the URL is, as a sentence begins.
  init(_ error: APIURLError, of name: String = "the API URL") {
    let reason =
      switch error {
      case .notHTTPS: "it must begin with https:// (http:// is for loopback addresses alone)"
      case .notPrintableASCII: "it holds a space, a control character or something outside ASCII"
      case .userinfo: "it must not hold a user name or password"
      case .queryOrFragment: "it must not hold a query or a fragment"
      case .fragment: "it must not hold a fragment"
      case .badHost: "its host name is not legal"
      case .badPort: "its port is not a number from 1 to 65535"
      }
    self.init(.usage, "\(name) is not usable: \(reason)")
  }

  init(_ error: AccountNameError) {
    let reason =
      switch error {
      case .empty: "it is empty"
      case .tooLong: "it is longer than 254 bytes"
      case .spaceOrControlCharacter: "it holds a space or a control character"
      }
    self.init(.usage, "the account name is not usable: \(reason)")
  }
}

extension KeyringError {
  /// Whether it stays as it is, call after call, until somebody does what the hint says.
  fileprivate var isForPersonToEnd: Bool {
    if case .damagedToken = kind { true } else { false }
  }
}

extension Warning {
  var text: String {
    switch self {
    case .tokenNotKept(let error):
      "the token was not kept: \(Failure.words(error.kind).message)"
        + (error.isForPersonToEnd ? "; \(Failure.words(error.kind).hint ?? "")" : "")
    case .accountNotKept(let error):
      "the account was not stored: \(Failure.words(error.kind).message)"
    case .defaultNotRead(let error):
      "which account is the default cannot be read: \(Failure.words(error.kind).message); choose it "
        + "again with: meti-token switch E-MAIL"
    case .refusalNotKept(let error):
      "it could not be noted that METI refuses the password: \(Failure.words(error.kind).message)"
    case .refusalNotNoted:
      "nowhere could it be noted that METI refuses the password, so the next call asks again"
    case .shortLife(let seconds):
      "METI's tokens live \(Spoken.duration(seconds)), which is less than --min-validity asks for"
    }
  }

  var detail: String {
    switch self {
    case .tokenNotKept(let error), .refusalNotKept(let error), .accountNotKept(let error),
      .defaultNotRead(let error):
      error.detail
    case .refusalNotNoted, .shortLife: ""
    }
  }
}
