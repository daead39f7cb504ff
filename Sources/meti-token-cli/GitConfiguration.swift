import MetiToken

/// The helpers in git's global configuration for one API.
struct GitConfiguration {
  let git: GitProgram
  let api: APIURL

  /// The key of our lines.
  var key: String { "credential.\(api.origin).helper" }

  /// The values of our key, in git's order. An empty value makes git forget the helpers before it
  /// (gitcredentials(7)).
  func helpers() throws -> [String] { try list(["--get-all", key]) }

  /// Writes our key's values again, at the end of the file unless its section has other keys.
  func replace(_ old: [String], with new: [String]) throws {
    if !old.isEmpty { try config(["--unset-all", key]) }
    for value in new { try config(["--add", key, value]) }
  }

  /// The keys of the helpers that git asks for the API and gives the token, in its order.
  ///
  /// git itself decides: it runs as for a request to the API, but each helper is replaced by one that
  /// only prints its number. The last one answers, so that git does not prompt.
  func askedKeys() throws -> [String] {
    let helpers = try list(["--includes", "--get-regexp", #"^credential\.(.*\.)?helper$"#])
      .map { $0.split(separator: "\n", maxSplits: 1, omittingEmptySubsequences: false) }
    // The first empty value removes the real helpers of all files.
    var arguments = ["-c", "credential.helper="]
    // `git -c` takes no key with an equals sign, and no host has one.
    for (number, helper) in helpers.enumerated() where !helper[0].contains("=") {
      let value = helper.last == "" ? "" : "!echo \(Self.mark)\(number) >&2; :"
      arguments += ["-c", "\(helper[0])=\(value)"]
    }
    arguments += ["-c", "credential.helper=!echo username=x; echo password=x; :"]
    let result = try git.run(
      arguments + ["credential", "fill"], input: "url=\(api.origin)\n\n")
    guard result.status == .exit(0) else { throw Self.failure(result) }
    return result.errors.split(separator: "\n").compactMap { line in
      guard line.hasPrefix(Self.mark), let number = Int(line.dropFirst(Self.mark.count)) else {
        return nil
      }
      return String(helpers[number][0])
    }
  }

  private static let mark = "meti-token-helper-"

  /// The entries that `git config` finds: values, or with `--get-regexp` keys and values with a line
  /// feed between them.
  private func list(_ arguments: [String]) throws -> [String] {
    let result = try git.run(["config", "--global", "--null"] + arguments)
    // 1: there is no such key (git-config(1)).
    if result.status == .exit(1) { return [] }
    guard result.status == .exit(0) else { throw Self.failure(result) }
    return result.output.unicodeScalars.split(separator: "\0", omittingEmptySubsequences: false)
      .dropLast().map { String($0) }
  }

  private func config(_ arguments: [String]) throws {
    let result = try git.run(["config", "--global"] + arguments)
    guard result.status == .exit(0) else { throw Self.failure(result) }
  }

  private static func failure(_ result: GitProgram.Result) -> Failure {
    Failure(.inputOutput, "cannot use git's configuration: \(result.reason)")
  }
}
