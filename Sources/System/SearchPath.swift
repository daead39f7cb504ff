import Glibc

/// PATH, as far as it can be trusted: a relative directory is in the working directory, which may
/// be another user's.
public enum SearchPath {
  /// The path of the first executable file called `name`.
  public static func find(
    _ name: String, in path: String? = Process.variable("PATH")
  ) -> String? {
    for directory in (path ?? "").split(separator: ":") where directory.utf8.first == 0x2F {
      let path = "\(directory)/\(name)"
      var info = stat()
      guard unsafe stat(path, &info) == 0, info.st_mode & S_IFMT == S_IFREG else { continue }
      if unsafe access(path, X_OK) == 0 { return path }
    }
    return nil
  }
}
