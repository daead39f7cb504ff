/// How the program was called: under which name, and with which arguments.
///
/// As `git-credential-meti` it is a helper of git and nothing else: operations that it does not
/// know are ignored, as gitcredentials(7) asks for, and help is never shown.
struct Invocation {
  /// Whether the program was called by the name it has for git.
  let isByGit: Bool
  /// What the parser gets; `nil` where the call asks for nothing.
  let arguments: [String]?

  /// The name git looks for where `credential.helper` says `meti`.
  static let nameForGit = "git-credential-meti"
  private static let operations = ["get", "store", "erase", "capability"]

  /// - Parameter line: the whole command line, the program's name first.
  init(_ line: [String]) {
    isByGit = line.first?.split(separator: "/").last.map(String.init) == Self.nameForGit
    var arguments = Array(line.dropFirst())
    // git puts the operation behind whatever options `credential.helper` has.
    if let last = arguments.last, Self.operations.contains(last),
      isByGit || arguments[0].hasPrefix("-")
    {
      arguments = [last] + arguments.dropLast()
    }
    let isOperation = arguments.first.map(Self.operations.contains) ?? false
    self.arguments = isByGit && !isOperation ? nil : arguments
  }
}
