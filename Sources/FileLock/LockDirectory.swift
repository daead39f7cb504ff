import Glibc

/// The directory for lock files: owned by this user, closed to all others.
///
/// `$XDG_RUNTIME_DIR/meti-token`, else `/run/user/UID/meti-token` (cron has no `XDG_RUNTIME_DIR`,
/// yet must meet the desktop's calls), else `$XDG_CACHE_HOME/meti-token` or `~/.cache/meti-token`.
/// Nothing secret is ever written there.
public enum LockDirectory {
  /// The first that can be used, made if need be; `nil` when there is none.
  /// - Parameter variable: the value of an environment variable.
  public static func find(_ variable: (String) -> String?) -> String? {
    for base in bases(variable) {
      guard base.hasPrefix("/"), isDirectoryOfOurs(base) else { continue }
      let path = "\(base)/meti-token"
      if unsafe mkdir(path, 0o700) == 0 || (errno == EEXIST && isPrivate(path)) { return path }
    }
    return nil
  }

  private static func bases(_ variable: (String) -> String?) -> [String] {
    var bases: [String] = []
    if let runtime = variable("XDG_RUNTIME_DIR") { bases.append(runtime) }
    bases.append("/run/user/\(geteuid())")
    if let cache = variable("XDG_CACHE_HOME") {
      bases.append(cache)
    }
    if let home = variable("HOME"), home.hasPrefix("/") {
      // The cache directory may not exist yet; it is the user's to create (XDG Base Directory).
      if isDirectoryOfOurs(home) { _ = unsafe mkdir("\(home)/.cache", 0o700) }
      bases.append("\(home)/.cache")
    }
    return bases
  }

  private static func isDirectoryOfOurs(_ path: String) -> Bool {
    var info = stat()
    guard unsafe stat(path, &info) == 0 else { return false }
    return info.st_mode & S_IFMT == S_IFDIR && info.st_uid == geteuid()
  }

  private static func isPrivate(_ path: String) -> Bool {
    var info = stat()
    guard unsafe lstat(path, &info) == 0 else { return false }
    return info.st_mode & S_IFMT == S_IFDIR && info.st_uid == geteuid()
      && info.st_mode & 0o077 == 0
  }
}
