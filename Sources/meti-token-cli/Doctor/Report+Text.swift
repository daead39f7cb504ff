import MetiToken

extension Report {
  /// The report as a person reads it, in lines of 80 columns where the words allow it.
  public var text: String {
    var lines = ["meti-token \(version), \(apiURL)", ""]
    for check in checks {
      let head = Self.padded(check.state.name, 9) + Self.padded(check.subject.rawValue, 13)
      if case .skipped(let hint) = check.state {
        lines += Self.wrapped("\(check.detail) -> \(hint)", behind: head)
        continue
      }
      lines += Self.wrapped(check.detail, behind: head)
      if let hint = check.state.hint { lines += Self.wrapped("-> \(hint)", behind: Self.indent) }
    }
    // Names from outside, such as a certificate's, must not steer a terminal.
    return (lines + ["", verdict]).map { $0.escapedForTerminal() + "\n" }.joined()
  }

  /// The last line.
  var verdict: String {
    var counts: [String] = []
    for (name, word) in [("failed", "failed"), ("warning", "to look at")] {
      let count = checks.count { $0.state.name == name }
      if count > 0 { counts.append("\(count) \(word)") }
    }
    return counts.isEmpty ? "All is well." : counts.joined(separator: ", ") + "."
  }

  /// Of a terminal.
  private static let width = 80
  private static let indent = padded("", 22)

  private static func padded(_ text: String, _ width: Int) -> String {
    text + String(repeating: " ", count: max(width - text.count, 0))
  }

  /// `text` in lines, the first after `head`, the others below it. A word longer than a line stays
  /// whole, so that it can be copied.
  private static func wrapped(_ text: String, behind head: String) -> [String] {
    var lines: [String] = []
    var line = head
    var isEmpty = true
    for word in text.split(separator: " ") {
      if !isEmpty && line.count + 1 + word.count > width {
        lines.append(line)
        (line, isEmpty) = (indent, true)
      }
      line += isEmpty ? word : " \(word)"
      isEmpty = false
    }
    return lines + [line]
  }
}
