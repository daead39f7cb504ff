/// Words of the shell, through which git runs its helpers (gitcredentials(7)).
enum ShellWord {
  /// `text` as one word of sh(1). What begins with a slash still does, as git runs a helper as it
  /// stands only then.
  static func quote(_ text: String) -> String {
    let isPlain = text.utf8.allSatisfy { byte in
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"):
        true
      default: "/._-+,@%:=".utf8.contains(byte)
      }
    }
    if isPlain && !text.isEmpty { return text }
    let isAbsolute = text.utf8.first == UInt8(ascii: "/")
    let rest = isAbsolute ? text.dropFirst() : text[...]
    let quoted = rest.split(separator: "'", omittingEmptySubsequences: false)
      .map { "'\($0)'" }.joined(separator: "\\'")
    return (isAbsolute ? "/" : "") + quoted
  }

  /// The first word of `line`, its quotes removed.
  static func first(of line: String) -> String {
    var word = ""
    var quote: Unicode.Scalar?
    var isEscaped = false
    for scalar in line.unicodeScalars.drop(while: { $0 == " " || $0 == "\t" }) {
      if isEscaped {
        word.unicodeScalars.append(scalar)
        isEscaped = false
      } else if scalar == "\\" && quote != "'" {
        isEscaped = true
      } else if scalar == quote {
        quote = nil
      } else if quote == nil && (scalar == "'" || scalar == "\"") {
        quote = scalar
      } else if quote == nil && (scalar == " " || scalar == "\t") {
        break
      } else {
        word.unicodeScalars.append(scalar)
      }
    }
    return word
  }
}
