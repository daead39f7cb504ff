import Glibc
import System

/// PATH, without its relative entries: those are in the working directory, which may belong to
/// somebody else.
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
