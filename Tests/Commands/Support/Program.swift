import Foundation

/// A program that tests start.
struct Program: Sendable {
  /// A path, or a name that is looked up in PATH.
  let path: String

  /// The command that people call.
  static let metiToken = Program(product: "meti-token")
  /// What it becomes for anything but a cached token.
  static let cli = Program(product: "meti-token-cli")
  /// The mock of METI.
  static let mockMETI = Program(script: "Tests/Servers/mock-meti")

  init(_ path: String) {
    self.path = path
  }

  /// One of this package's executables.
  init(product name: String) {
    self.path = Program.products + name
  }

  /// A file of this repository, by its path from the root.
  init(script path: String) {
    self.path = Program.repository + path
  }

  /// Where the package's executables are, with a slash at the end: in METI_TEST_PROGRAMS, as
  /// scripts/test builds them for release, or beside the test bundle, as built along with it.
  static let products: String = {
    if let directory = ProcessInfo.processInfo.environment["METI_TEST_PROGRAMS"] {
      return directory + "/"
    }
    let link = "/proc/self/exe"
    let path = try? FileManager.default.destinationOfSymbolicLink(atPath: link)
    return directory(of: path ?? CommandLine.arguments[0])
  }()

  /// The root of the repository, with a slash at the end.
  static let repository: String = {
    var path = #filePath
    for _ in 1...4 {
      path = directory(of: String(path.dropLast(path.last == "/" ? 1 : 0)))
    }
    return path
  }()

  private static func directory(of path: String) -> String {
    String(path[...(path.lastIndex(of: "/") ?? path.startIndex)])
  }

  /// Starts the program with exactly this environment; PATH is ours unless it is given.
  func start(
    _ arguments: [String] = [], input: Input = .nothing, environment: [String: String] = [:],
    output: Output = .pipe, errors: Output = .pipe, directory: String? = nil
  ) throws -> Child {
    let launch = Launch(
      program: path, arguments: arguments, environment: environment, directory: directory)
    return try Child(launch, input: input, output: output, errors: errors)
  }

  /// Starts the program, and waits for its end and the end of its outputs.
  func run(
    _ arguments: [String] = [], input: Input = .nothing, environment: [String: String] = [:],
    output: Output = .pipe, errors: Output = .pipe, directory: String? = nil,
    timeout: Duration = .seconds(30)
  ) throws -> Outcome {
    let child = try start(
      arguments, input: input, environment: environment, output: output, errors: errors,
      directory: directory)
    return child.wait(timeout: timeout)
  }
}
