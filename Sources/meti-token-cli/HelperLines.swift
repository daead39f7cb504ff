/// The values of `credential.URL.helper` in git's configuration, in the order git asks them. An
/// empty one makes git forget those before it (gitcredentials(7)).
struct HelperLines: Equatable {
  let values: [String]
  /// The keys of other lines that git reads for this URL after the empty one before ours: of all
  /// hosts, of a pattern, or in a file that is included. They would have git ask another helper as
  /// well, or none of these.
  var others: [String] = []

  /// Where ours stands; `nil` where it does not.
  private var ourIndex: Int? { values.lastIndex(where: Self.isOurs) }

  /// Whether there are helpers before ours, which the empty line switches off.
  var hasOthersBefore: Bool {
    values[..<(ourIndex ?? values.endIndex)].contains { !$0.isEmpty }
  }

  /// Whether there are helpers after ours, which git gives the token to keep.
  var hasOthersAfter: Bool {
    guard let ourIndex else { return false }
    return values[(ourIndex + 1)...].contains { !$0.isEmpty }
  }

  /// With the two lines for `helper` at the end, or as it is where it has them already.
  func adding(_ helper: String) -> HelperLines {
    let ours = values.indices.filter { Self.isOurs(values[$0]) }
    if ours.count == 1, values[ours[0]] == helper, ours[0] > 0, values[ours[0] - 1].isEmpty,
      !values[ours[0]...].contains("")
    {
      return self
    }
    return HelperLines(values: removingOurs().values + ["", helper], others: others)
  }

  /// Without ours and the empty line right before it.
  func removingOurs() -> HelperLines {
    var kept: [String] = []
    for value in values {
      if !Self.isOurs(value) {
        kept.append(value)
      } else if kept.last == "" {
        kept.removeLast()
      }
    }
    return HelperLines(values: kept, others: others)
  }

  /// Whether `value` runs this program: by the name it has for git, or by its path.
  static func isOurs(_ value: String) -> Bool {
    let program = ShellWord.first(of: value)
    guard program.hasPrefix("/") else { return program == shortName }
    let names = ["meti-token", "meti-token-cli", Invocation.nameForGit]
    return program.split(separator: "/").last.map { names.contains(String($0)) } ?? false
  }

  /// What git makes `git-credential-meti` of.
  static let shortName = "meti"
}
