import Diagnosis
import FileLock
import KernelCache
import MetiToken
import Posix

/// Looks at everything that a call needs, each thing by itself, so that what hangs or is missing
/// does not hide the rest.
struct Doctor {
  let selector: AccountSelector
  let clock: any Clock
  let deadline: Deadline
  let lock: FileLock
  /// Whether tokens are kept in the kernel's keyring.
  let usesKernelTier: Bool
  /// Where they are kept there.
  let kernel: KernelCache
  /// Gets what `--verbose` shows.
  let verbose: (@Sendable (String) -> Void)?

  /// - Throws: where the call itself makes no sense, and there can be no report.
  init(_ settings: Settings) throws(Failure) {
    let environment = try Call.environment()
    let clock = SystemClock()
    self.clock = clock
    selector = try Call.selector(settings, environment)
    let seconds = try Call.timeout(settings) ?? Call.standardTimeout
    deadline = Deadline(seconds * 1000, from: clock.now())
    usesKernelTier = try Call.usesKernelTier(environment)
    kernel = KernelCache(environment.variant(of: selector))
    lock = Call.lock(clock)
    if settings.isVerbose {
      verbose = { @Sendable text in Voice.detail(text) }
    } else {
      verbose = nil
    }
  }

  func examine() -> Report {
    let (checks, patient) = examineAccount()
    let network = NetworkExam(doctor: self, tokenURL: patient.tokenURL).checks()
    return Report(
      version: Version.text, apiURL: selector.api.text,
      checks: checks + [PauseExam.check(patient.account, lock, clock)] + MachineExam.checks(self)
        + network)
  }

  /// What the other exams need to know of the account.
  struct Patient {
    /// `nil` where there is none, or nobody can say which is meant.
    var account: Account?
    /// Of an OAuth 2.0 client.
    var tokenURL: TokenURL?
  }

  private func examineAccount() -> ([Check], Patient) {
    do {
      if let store = try EnvironmentStore(for: selector, until: deadline, clock) {
        return EnvironmentExam(store: store, lock: lock, clock: clock).result()
      }
    } catch {
      // The keyring is not asked for an account that the environment was to bring.
      return (EnvironmentExam.checks(unusable: error), Patient())
    }
    var exam = KeyringExam(self)
    exam.run()
    return (exam.checks, exam.patient)
  }

  /// The end of one of the `count` pieces of work that are still to be done: an equal part of what
  /// is left of the call, and no more than ten seconds, after which nothing comes any more.
  func share(of count: Int64) -> Deadline {
    let now = clock.now()
    return Deadline(min(deadline.remaining(at: now) / count, Self.longest), from: now)
  }

  private static let longest: Int64 = 10_000
}

extension Check.State {
  /// What a failure means for a call: it ends with the same status.
  init(_ failure: Failure, or hint: String) {
    self = .failed(status: failure.status.rawValue, hint: failure.hint ?? hint)
  }
}
