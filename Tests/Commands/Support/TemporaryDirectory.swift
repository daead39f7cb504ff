import Foundation
import Glibc

/// A directory that is removed, with all that is in it, with the last reference to it.
///
/// Its path is short, as the names of sockets in it must be.
final class TemporaryDirectory: Sendable {
  /// No slash at the end.
  let path: String

  /// - Parameter parent: where it is made; the system's place for temporary files otherwise.
  init(in parent: String? = nil) throws {
    let parent = parent ?? ProcessInfo.processInfo.environment["TMPDIR"] ?? "/tmp"
    var template = Array("\(parent)/meti-XXXXXX".utf8CString)
    guard let path = unsafe mkdtemp(&template) else { throw SystemCallError("mkdtemp") }
    self.path = unsafe String(cString: path)
  }

  deinit {
    remove()
  }

  func remove() {
    try? FileManager.default.removeItem(atPath: path)
  }

  /// Writes a file that only we can read; returns its path.
  func write(_ text: String, to name: String) throws -> String {
    let file = path + "/" + name
    guard
      FileManager.default.createFile(
        atPath: file, contents: Data(text.utf8), attributes: [.posixPermissions: 0o600])
    else { throw SystemCallError("write \(file)") }
    return file
  }
}
