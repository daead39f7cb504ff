import Glibc
import System

/// git(1), the first in PATH, started without a shell and without our secrets.
struct GitProgram {
  private let path: String

  init() throws {
    guard let path = SearchPath.find("git") else {
      throw Failure(
        .inputOutput, "git is not in PATH",
        hint: "install git, or write the two lines that meti-token setup-git --help shows")
    }
    self.path = path
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

  /// - Parameter input: at most 4,096 bytes.
  func run(_ arguments: [String], input: String = "") throws -> Result {
    var environment = Environment()
    environment.remove(ChildVariable.secrets + ["METI_TOKEN"])
    let (stdin, stdout, stderr) = (try Pipe.make(), try Pipe.make(), try Pipe.make())
    guard Process.write(input, to: stdin.writing) else { throw SystemError() }
    stdin.closeWriting()
    let child = try Process.spawn(
      path, (["git"] + arguments).map { Array($0.utf8) }, environment: environment, inherited: [],
      input: stdin.reading, output: stdout.writing, errors: stderr.writing)
    stdout.closeWriting()
    stderr.closeWriting()
    // One after the other: git says far less on stderr than a pipe holds.
    let (output, errors) = (stdout.readAll(), stderr.readAll())
    let status = Process.wait(for: child)
    guard let output = String(validating: output, as: UTF8.self) else {
      throw Failure(.inputOutput, "git's configuration contains a helper that is not UTF-8")
    }
    return Result(
      status: status, output: output, errors: String(decoding: errors, as: UTF8.self))
  }
}

extension Pipe {
  /// All bytes up to the end.
  fileprivate func readAll() -> [UInt8] {
    var all: [UInt8] = []
    while let bytes = take() {
      all += bytes
      var file = pollfd(fd: reading, events: Int16(POLLIN), revents: 0)
      if bytes.isEmpty { _ = unsafe poll(&file, 1, -1) }
    }
    return all
  }
}
