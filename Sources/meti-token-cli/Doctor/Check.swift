/// One thing that was looked at, how it stands, and what to do about it.
public struct Check: Equatable, Sendable {
  public let subject: Subject
  public let state: State
  /// What was found, in a sentence; never a secret.
  public let detail: String

  public init(_ subject: Subject, _ state: State, _ detail: String) {
    self.subject = subject
    self.state = state
    self.detail = detail
  }

  public enum State: Equatable, Sendable {
    case ok
    /// Calls work, but something is lost.
    case warning(hint: String)
    /// A call that needs it fails, with this exit status (sysexits.h).
    case failed(status: Int32, hint: String)
    /// Could not be looked at, or need not be.
    case skipped(hint: String)

    /// As `--json` has it.
    public var name: String {
      switch self {
      case .ok: "ok"
      case .warning: "warning"
      case .failed: "failed"
      case .skipped: "skipped"
      }
    }

    /// What to do; `nil` only where all is well.
    public var hint: String? {
      switch self {
      case .ok: nil
      case .warning(let hint), .failed(_, let hint), .skipped(let hint): hint
      }
    }
  }

  /// What can be looked at, in the order in which a call needs it. The raw values are the ids that
  /// `--json` has.
  public enum Subject: String, CaseIterable, Sendable {
    /// Whose tokens are meant, and where its password is.
    case account
    /// The D-Bus session bus.
    case bus
    /// Who provides the Secret Service.
    case provider
    /// The collection that new items go to.
    case collection
    /// What is stored for the API.
    case items
    /// The session in which secrets are sent.
    case session
    /// Whether METI has refused the password.
    case password
    /// Whether METI is being left alone after trouble.
    case pause
    /// The kernel's keyring.
    case kernel
    /// The directory of the lock files.
    case locks
    /// Whether secrets can be kept out of swap.
    case memory
    case proxy
    /// The certificates that METI's is checked against.
    case ca
    /// Whether the API answers.
    case api
    /// The API's certificate.
    case certificate
    /// This clock against METI's.
    case clock
    /// Whether the token endpoint of an OAuth 2.0 client answers.
    case tokenURL = "token_url"
  }
}
