import Glibc
import MetiToken
import System

/// The file `authorization` with the line `Authorization: Bearer …`: the only file that ever holds a
/// token. It is in memory, in `$XDG_RUNTIME_DIR/meti-token`, and only its owner may read it.
struct HeaderFile {
  let path: String
  /// Whether this process has written it.
  private(set) var isWritten = false
  /// Whether it is still there, whoever wrote it last.
  var exists: Bool { unsafe access(path, F_OK) == 0 }

  /// Makes the directory if need be: the one of the lock files, which is closed to others.
  /// - Throws: `inputOutput` if it is not in memory.
  init() throws {
    let directory = LockDirectory.find(Process.variable) ?? ""
    path = "\(directory)/authorization"
    guard File.isInMemory(directory) else {
      let name = directory.isEmpty ? "the runtime directory" : directory
      throw Failure(
        .inputOutput, "\(name) is not in memory: a token must not be written to disk",
        hint: "set XDG_RUNTIME_DIR to your own directory on a tmpfs, such as /run/user/\(geteuid())"
      )
    }
  }

  mutating func write(_ token: borrowing Token) throws {
    let line = token.line(asHeader: true)
    do {
      try line.withBytes { bytes throws(SystemError) in try File.replace(path, with: bytes) }
    } catch {
      throw Failure(.inputOutput, "cannot write \(path): \(error.text)")
    }
    isWritten = true
  }

  /// Removes the file if this process has written it.
  func remove() {
    if isWritten { _ = unsafe unlink(path) }
  }
}
