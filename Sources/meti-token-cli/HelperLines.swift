/// The values of `credential.URL.helper` in git's configuration, in the order git asks them. An
/// empty one makes git forget those before it (gitcredentials(7)).
struct HelperLines: Equatable {
  let values: [String]

  /// Where ours stands; `nil` where it does not.
  private var ourIndex: Int? { values.lastIndex(where: Self.isOurs) }

  /// Lines before ours, which the empty one switches off.
  var othersBefore: Int { values[..<(ourIndex ?? values.endIndex)].count { !$0.isEmpty } }

  /// Lines after ours: helpers that git gives the token to keep.
  var othersAfter: Int { ourIndex.map { values[($0 + 1)...].count { !$0.isEmpty } } ?? 0 }

  /// With the two lines for `helper` at the end, or as it is where it has them already.
  func adding(_ helper: String) -> HelperLines {
    let ours = values.indices.filter { Self.isOurs(values[$0]) }
    if ours.count == 1, values[ours[0]] == helper, ours[0] > 0, values[ours[0] - 1].isEmpty {
      return self
    }
    return HelperLines(values: removingOurs().values + ["", helper])
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
    return HelperLines(values: kept)
  }

  /// Whether `value` runs this program: by the name it has for git, or by its path.
  private static func isOurs(_ value: String) -> Bool {
    let program = ShellWord.first(of: value)
    guard program.hasPrefix("/") else { return program == shortName }
    let names = ["meti-token", "meti-token-cli", Invocation.nameForGit]
    return program.split(separator: "/").last.map { names.contains(String($0)) } ?? false
  }

  /// What git makes `git-credential-meti` of.
  static let shortName = "meti"
}
