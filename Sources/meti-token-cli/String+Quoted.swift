import MetiToken

extension String {
  /// One word of sh(1), for hints and for what git runs. An absolute path still begins with a slash: else
  /// git would not run it as a path (gitcredentials(7)).
  var quoted: String {
    let isPlain = utf8.allSatisfy { $0.isLetter || $0.isDigit || "/._-+,@%:=".utf8.contains($0) }
    if isPlain && !isEmpty { return self }
    let start = hasPrefix("/") ? "/" : ""
    return "\(start)'\(dropFirst(start.count).replacing("'", with: #"'\''"#))'"
  }
}
