import MetiToken

/// The result of `doctor`, as text and as JSON.
struct Report: Encodable {
  let apiURL: String
  let checks: [Check]
  let version = Version.text

  enum CodingKeys: String, CodingKey {
    case apiURL = "api_url"
    case checks, version
  }

  /// With the status of the first check that failed, which a call meets first; `nil` if none did.
  var failure: Failure? {
    var failed: [String] = []
    var status: ExitStatus?
    for check in checks {
      guard case .failed(let own) = check.state else { continue }
      status = status ?? own
      failed.append(check.id.rawValue)
    }
    return status.map { status in
      let count = failed.count == 1 ? "1 check" : "\(failed.count) checks"
      return Failure(status, "\(count) failed: \(failed.joined(separator: ", "))")
    }
  }

  /// One line for each check, and one for its hint. The failure is for stderr.
  var text: String {
    var lines = ["meti-token \(Version.text), \(apiURL)", ""]
    for check in checks {
      lines.append(Self.row(check.state.name, check.id.rawValue, check.detail))
      if let hint = check.hint { lines.append(Self.row("", "", "-> \(hint)")) }
    }
    if failure == nil {
      let count = checks.count { $0.state == .warning }
      let warnings = count == 0 ? "" : ", \(count) warning\(count == 1 ? "" : "s")"
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
}
