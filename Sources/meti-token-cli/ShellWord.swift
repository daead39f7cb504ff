import MetiToken

/// Words of sh(1), in hints and in what git runs.
enum ShellWord {
  /// `text` as one word. An absolute path still begins with a slash: else git would not run it as a
  /// path (gitcredentials(7)).
  static func quote(_ text: String) -> String {
    let plain = "/._-+,@%:="
    let isPlain = text.utf8.allSatisfy { $0.isLetter || $0.isDigit || plain.utf8.contains($0) }
    if isPlain && !text.isEmpty { return text }
    let start = text.hasPrefix("/") ? "/" : ""
    return "\(start)'\(text.dropFirst(start.count).replacing("'", with: #"'\''"#))'"
  }
}
