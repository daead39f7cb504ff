import MetiToken
import System

/// git(1), the first in PATH, run without a shell and without our secrets in its environment.
struct GitProgram {
  private let path: String
  private let deadline: Deadline
  private let clock: any Clock

  init(until deadline: Deadline, _ clock: any Clock) throws {
    guard let path = SearchPath.find("git") else {
      throw Failure(
        .inputOutput, "git is not in PATH",
        hint: "install git, or write the two lines that meti-token setup-git --help shows")
    }
    self.path = path
    self.deadline = deadline
    self.clock = clock
  }

  struct Result {
    let status: TerminationStatus
    let output: String
    let errors: String

    /// git's own first line of error.
    var reason: String {
      guard let line = errors.split(separator: "\n").first else { return "git failed" }
      let prefix = ["fatal: ", "error: "].first { line.hasPrefix($0) } ?? ""
      return String(line.dropFirst(prefix.count))
    }
  }

  func run(_ arguments: [String], input: String = "") throws -> Result {
    var environment = Environment()
    environment.remove(ChildVariable.secrets + ["METI_TOKEN"])
    let result = try Process.run(
      path, arguments, environment: environment, input: input, until: deadline, clock: clock)
    guard let output = String(validating: result.output, as: UTF8.self) else {
      throw Failure(.inputOutput, "git's configuration contains a helper that is not UTF-8")
    }
    return Result(
      status: result.status, output: output,
      errors: String(decoding: result.errors, as: UTF8.self))
  }
}
