import CLinux
import Glibc
import MetiToken
import Posix

/// git(1), found in PATH, and run with a list of arguments and never through a shell.
struct GitProgram {
  let path: String

  /// - Throws: where there is no git.
  init() throws(Failure) {
    guard let path = SearchPath.find("git") else {
      throw Failure(
        .inputOutput, "git is not in PATH",
        hint: "install git, or write the two lines that meti-token setup-git --help shows")
    }
    self.path = path
  }

  /// How a run ended, and what it said.
  struct Result {
    /// `nil` where a signal ended it.
    let status: Int32?
    let output: [UInt8]
    /// The first line on stderr, without git's `fatal: ` or `error: `.
    let reason: String

    fileprivate init(status: Int32, output: [UInt8], errors: [UInt8]) {
      // As WIFEXITED and WEXITSTATUS in <sys/wait.h> take it apart.
      self.status = status & 0x7F == 0 ? status >> 8 & 0xFF : nil
      self.output = output
      let line = errors.split(separator: UInt8(ascii: "\n")).first ?? []
      var reason = String(decoding: line, as: UTF8.self)[...]
      for prefix in ["fatal: ", "error: "] where reason.hasPrefix(prefix) {
        reason = reason.dropFirst(prefix.count)
      }
      self.reason = String(reason)
    }
  }

  /// Runs git to its end with this process's environment and directory.
  func run(_ arguments: [String]) throws(Failure) -> Result {
    var output = try Pipe()
    var errors = try Pipe()
    let child = try start(arguments, output, errors)
    output.closeWriteEnd()
    errors.closeWriteEnd()
    // One after the other: git config says far less on stderr than a pipe holds.
    let said = output.readAll()
    let complained = errors.readAll()
    var status: Int32 = 0
    while unsafe waitpid(child, &status, 0) < 0 {
      guard errno == EINTR else { throw .inputOutput("cannot wait for git") }
    }
    return Result(status: status, output: said, errors: complained)
  }

  private func start(
    _ arguments: [String], _ output: borrowing Pipe, _ errors: borrowing Pipe
  ) throws(Failure) -> pid_t {
    var actions = unsafe posix_spawn_file_actions_t()
    unsafe posix_spawn_file_actions_init(&actions)
    defer { unsafe posix_spawn_file_actions_destroy(&actions) }
    unsafe posix_spawn_file_actions_adddup2(&actions, output.writeEnd, STDOUT_FILENO)
    unsafe posix_spawn_file_actions_adddup2(&actions, errors.writeEnd, STDERR_FILENO)

    var words = unsafe ([path] + arguments).map { unsafe strdup($0) } + [nil]
    defer { while let word = unsafe words.popLast() { unsafe free(word) } }
    var child: pid_t = 0
    let code = unsafe posix_spawn(&child, path, &actions, nil, &words, meti_environment())
    guard code == 0 else {
      errno = code
      throw .inputOutput("cannot run \(path)")
    }
    return child
  }
}

/// A pipe that no child inherits, but for what it is given.
private struct Pipe: ~Copyable {
  private let readEnd: Int32
  private(set) var writeEnd: Int32

  init() throws(Failure) {
    var ends: [Int32] = [-1, -1]
    guard unsafe meti_blocking_pipe(&ends) == 0 else { throw .inputOutput("cannot make a pipe") }
    readEnd = ends[0]
    writeEnd = ends[1]
  }

  deinit {
    close(readEnd)
    if writeEnd >= 0 { close(writeEnd) }
  }

  /// Without this the end of what the child writes is never seen.
  mutating func closeWriteEnd() {
    close(writeEnd)
    writeEnd = -1
  }

  func readAll() -> [UInt8] {
    var all: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 4096)
    while true {
      let count = unsafe read(readEnd, &buffer, buffer.count)
      if count < 0 && errno == EINTR { continue }
      guard count > 0 else { return all }
      all += buffer[..<count]
    }
  }
}

/// PATH, as far as it can be trusted: what is no absolute path is the working directory's, which
/// may belong to somebody else.
enum SearchPath {
  /// The path of the first executable file called `name`.
  static func find(_ name: String) -> String? {
    for folder in (Process.variable("PATH") ?? "").split(separator: ":") where folder.first == "/" {
      let path = "\(folder)/\(name)"
      var info = stat()
      guard unsafe stat(path, &info) == 0, info.st_mode & S_IFMT == S_IFREG else { continue }
      if unsafe access(path, X_OK) == 0 { return path }
    }
    return nil
  }
}
