/// One result of `doctor`: what was found, and what to do about it. Never a secret.
struct Check: Equatable, Encodable {
  let id: ID
  let state: State
  let detail: String
  /// With every warning and every failure.
  let hint: String?

  init(_ id: ID, _ state: State, _ detail: String, hint: String? = nil) {
    self.id = id
    self.state = state
    self.detail = detail
    self.hint = hint
  }

  /// A check that ended in this failure, as a call would.
  init(_ id: ID, _ failure: Failure, hint: String? = nil) {
    self.init(
      id, .failed(failure.status), failure.message,
      hint: hint ?? failure.hint ?? "see the reason with: meti-token doctor --verbose")
  }

  /// The ids of `--json`.
  enum ID: String, Encodable {
    case account, bus, provider, collection, kernel, locks, api, credentials, clock
    case tokenURL = "token_url"
  }

  enum State: Equatable, Encodable {
    case ok
    /// Calls work, but something is lost.
    case warning
    /// A call that needs this ends with the status.
    case failed(ExitStatus)
    /// Cannot be checked, or need not be.
    case skipped

    /// As in `--json`.
    var name: String {
      switch self {
      case .ok: "ok"
      case .warning: "warning"
      case .failed: "failed"
      case .skipped: "skipped"
      }
    }

    func encode(to encoder: any Encoder) throws { try name.encode(to: encoder) }
  }
}
