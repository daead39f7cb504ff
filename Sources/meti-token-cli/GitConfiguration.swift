import MetiToken
import System

/// git's global configuration, as git(1) reads and changes it: the first git in PATH, run without a
/// shell and without our secrets in its environment.
struct GitConfiguration {
  private let git: String
  private let deadline: Deadline
  private let clock: any Clock

  init(until deadline: Deadline, _ clock: any Clock) throws {
    guard let git = SearchPath.find("git") else {
      throw Failure(
        .inputOutput, "git is not in PATH",
        hint: "install git, or write the two lines that meti-token setup-git --help shows")
    }
    self.git = git
    self.deadline = deadline
    self.clock = clock
  }

  func add(_ key: String, _ value: String) throws { _ = try run(["--add", key, value]) }

  /// Removes the values of a key that match the regular expression.
  /// - Returns: whether there was one.
  func remove(_ key: String, matching pattern: String) throws -> Bool {
    // 5: there is no such line (git-config(1)).
    try run(["--unset-all", key, pattern], absent: 5) != nil
  }

  /// The keys and values of all helpers, in git's order.
  func helpers() throws -> [(key: Substring, value: Substring)] {
    // 1: there is no such key.
    let list = try run(
      ["--includes", "--null", "--get-regexp", #"^credential\.(.*\.)?helper$"#], absent: 1)
    return (list ?? "").unicodeScalars.split(separator: "\0").map { entry in
      let parts = Substring(entry).split(
        separator: "\n", maxSplits: 1, omittingEmptySubsequences: false)
      return (parts[0], parts.count == 2 ? parts[1] : "")
    }
  }

  /// What `git config --global` prints; `nil` if its status is `absent`.
  private func run(_ arguments: [String], absent: Int32? = nil) throws -> String? {
    var environment = Environment()
    environment.remove(ChildVariable.secrets + [ChildVariable.token])
    let result = try Process.run(
      git, ["config", "--global"] + arguments, environment: environment, until: deadline,
      clock: clock)
    if let absent, result.status == .exit(absent) { return nil }
    guard result.status == .exit(0) else {
      let reason = String(decoding: result.errors, as: UTF8.self).split(separator: "\n").first
      throw Failure(
        .inputOutput, "cannot use git's configuration: \(reason ?? "git config failed")")
    }
    return String(decoding: result.output, as: UTF8.self)
  }
}
