import Foundation

/// A real git with a configuration of its own, and `git-credential-meti` in its PATH.
final class GitClient {
  let place: Workplace
  let directory: TemporaryDirectory
  /// The path of `git-credential-meti`.
  let helper: String
  /// The path of git's global configuration.
  let configuration: String
  var environment: [String: String]

  /// - Parameter isInPath: whether git can find the helper by its name.
  init(_ place: Workplace, isInPath: Bool = true) throws {
    self.place = place
    directory = try TemporaryDirectory()
    helper = directory.path + "/bin/git-credential-meti"
    configuration = directory.path + "/gitconfig"
    try FileManager.default.createDirectory(
      atPath: directory.path + "/bin", withIntermediateDirectories: false)
    try FileManager.default.createSymbolicLink(
      atPath: helper, withDestinationPath: Program.metiToken.path)
    let path = isInPath ? ["\(directory.path)/bin"] : []
    environment = place.environment.merging([
      "PATH": (path + ["/usr/bin", "/bin"]).joined(separator: ":"),
      "GIT_CONFIG_GLOBAL": configuration, "GIT_CONFIG_NOSYSTEM": "1", "GIT_TERMINAL_PROMPT": "0",
      "GIT_SSL_CAINFO": place.environment["METI_CA_FILE"] ?? "",
    ]) { $1 }
  }

  /// With the two lines in its configuration.
  static func setUp(_ place: Workplace) throws -> GitClient {
    let git = try GitClient(place)
    let outcome = try git.setUp()
    guard outcome.status == .exit(0) else { throw Missed(what: "setup-git", seen: outcome.err) }
    return git
  }

  func run(_ arguments: String..., input: String = "") throws -> Outcome {
    try Program("git").run(
      arguments, input: .text(input), environment: environment, directory: directory.path)
  }

  /// `meti-token setup-git`.
  func setUp(_ arguments: String..., program: Program = .metiToken) throws -> Outcome {
    try program.run(
      ["setup-git"] + arguments, environment: environment, directory: directory.path)
  }

  /// The values of `credential.URL.helper`; of the API's where no other URL is given.
  func helpers(_ url: String? = nil) throws -> [String] {
    let key = "credential.\(url ?? place.url).helper"
    let out = try run("config", "--global", "--get-all", key).out
    return out.split(separator: "\n", omittingEmptySubsequences: false).dropLast().map(String.init)
  }

  /// The lines of `git credential fill`, but for the expiry, which git before 2.41 does not show.
  func fill(_ request: String) throws -> String {
    let outcome = try run("credential", "fill", input: request)
    guard outcome.status == .exit(0) else { throw Missed(what: "a credential", seen: outcome.err) }
    return outcome.out.split(separator: "\n")
      .filter { !$0.hasPrefix("password_expiry_utc=") }.map { "\($0)\n" }.joined()
  }

  /// Writes a helper that notes in the returned file how it was called, and says nothing.
  func addWitness(to key: String) throws -> String {
    let log = directory.path + "/witness.log"
    let script = "!f() { echo \"$1\" >>'\(log)'; cat >>'\(log)'; }; f"
    _ = try run("config", "--global", "--add", key, script)
    return log
  }

  func contents(_ path: String) -> String {
    (try? String(contentsOfFile: path, encoding: .utf8)) ?? ""
  }
}
