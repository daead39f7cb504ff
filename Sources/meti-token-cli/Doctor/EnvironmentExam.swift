import Diagnosis
import FileLock
import MetiToken

/// The account of a server, which comes with the environment.
struct EnvironmentExam {
  let store: EnvironmentStore
  let lock: FileLock
  let clock: any Clock

  func result() -> ([Check], Doctor.Patient) {
    var patient = Doctor.Patient(account: store.own)
    var kind = ""
    if case .clientCredentials(let tokenURL, _, _) = store.grant {
      patient.tokenURL = tokenURL
      kind = ", an OAuth 2.0 client"
    }
    let account = Check(.account, .ok, "\(store.own.name)\(kind), from the environment")
    return ([account, password()] + Self.keyringChecks, patient)
  }

  /// Where the environment names an account and not enough beside it.
  static func checks(unusable failure: Failure) -> [Check] {
    [
      Check(.account, Check.State(failure, or: "see SERVERS in meti-token(1)"), failure.message),
      Check(.password, .skipped(hint: "see account"), "not looked at"),
    ] + keyringChecks
  }

  private static var keyringChecks: [Check] {
    KeyringExam.steps.filter { $0 != .account && $0 != .password }.map {
      Check($0, .skipped(hint: "nothing to do"), "not needed: no keyring is used")
    }
  }

  private func password() -> Check {
    let place = store.source.name
    guard store.source.canBeReadAgain else {
      return Check(
        .password, .skipped(hint: "use a regular file if more than one call needs it"),
        "\(place) is no regular file, and reading it here would use it up")
    }
    let refusedOn: Int64?
    do {
      guard let credential = try store.credential(of: store.own) else {
        return Check(.password, .failed(status: 70, hint: "report this"), "it cannot be read")
      }
      refusedOn = lock.refusal(of: credential, at: clock.now())
    } catch {
      let failure = Failure(error)
      return Check(
        .password, Check.State(failure, or: "check the variables and the file they name"),
        failure.message)
    }
    if let refusedOn {
      return Check(
        .password,
        .failed(status: ExitStatus.refused.rawValue, hint: Failure.correctEnvironment),
        "METI refused the one in \(place) on \(UTC.text(refusedOn))")
    }
    if store.exposedFile != nil {
      return Check(
        .password, .warning(hint: "chmod 600 \(ShellWord.quote(place))"),
        "in \(place), which others may read")
    }
    return Check(.password, .ok, "in \(place)")
  }
}
