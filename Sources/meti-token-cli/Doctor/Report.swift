import MetiToken

/// The result of `doctor`, as text and as JSON.
struct Report: Encodable {
  let apiURL: String
  let checks: [Check]
  let version = Version.text

  /// With the status of the first check that failed, which a call meets first; `nil` if none did.
  var failure: Failure? {
    let failed = checks.filter { $0.state == .failed }
    guard let first = failed.first else { return nil }
    let ids = failed.map(\.id.rawValue).joined(separator: ", ")
    return Failure(first.status, "\(Self.counted(failed.count, "check")) failed: \(ids)")
  }

  /// One line for each check, and one for its hint. The failure is for stderr.
  var text: String {
    var lines = ["meti-token \(Version.text), \(apiURL)", ""]
    for check in checks {
      lines.append(Self.row(check.state.rawValue, check.id.rawValue, check.detail))
      if let hint = check.hint { lines.append(Self.row("", "", "-> \(hint)")) }
    }
    if failure == nil {
      let count = checks.count { $0.state == .warning }
      let warnings = count == 0 ? "" : ", " + Self.counted(count, "warning")
      lines += ["", "All checks passed\(warnings)."]
    }
    return lines.map { $0.escapedForTerminal() + "\n" }.joined()
  }

  private static func row(_ state: String, _ id: String, _ text: String) -> String {
    func padded(_ text: String, _ width: Int) -> String {
      text + String(repeating: " ", count: width - text.utf8.count)
    }
    return padded(state, 9) + padded(id, 13) + text
  }

  static func counted(_ count: Int, _ noun: String) -> String {
    "\(count) \(noun)\(count == 1 ? "" : "s")"
  }
}

/// One result of `doctor`: what was found, and what to do about it. Never a secret.
struct Check: Encodable {
  let id: ID
  let state: State
  let detail: String
  /// With every warning and every failure.
  let hint: String?
  /// Of a call that needs what has failed.
  var status = ExitStatus.done

  enum CodingKeys: CodingKey {
    case id, state, detail, hint
  }

  enum ID: String, Encodable {
    case account, bus, provider, collection, kernel, locks, api, credentials, clock
    case tokenURL = "token_url"
  }

  enum State: String, Encodable {
    case ok
    /// Calls work, but something is lost.
    case warning
    case failed
    /// Cannot be checked, or need not be.
    case skipped
  }
}
