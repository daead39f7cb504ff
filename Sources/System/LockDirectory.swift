import Glibc

/// The directories for lock files: owned by this user, closed to all others. They hold no secret.
///
/// `$XDG_RUNTIME_DIR/meti-token`, else `/run/user/UID/meti-token` (cron has no `XDG_RUNTIME_DIR`,
/// yet must meet the desktop's calls), else `$XDG_CACHE_HOME/meti-token` or `~/.cache/meti-token`.
/// A system service may have none of these, but directories of its own (systemd.exec(5),
/// RuntimeDirectory=): the state first, because a runtime directory ends with the service.
public enum LockDirectory {
  /// The usable ones, the best first; each is made, if need be, when the sequence reaches it.
  /// - Parameters:
  ///   - variable: the value of an environment variable.
  ///   - userRuntime: where systemd-logind has the runtime directories of users.
  public static func all(
    _ variable: @escaping (String) -> String?, userRuntime: String = "/run/user"
  ) -> AnySequence<String> {
    AnySequence(bases(variable, userRuntime).lazy.compactMap { usable(in: $0) })
  }

  private static func usable(in base: String) -> String? {
    guard base.hasPrefix("/") else { return nil }
    // The cache directory may not exist yet; it is the user's to create (XDG Base Directory).
    if base.hasSuffix(homeCache), isDirectoryOfOurs(String(base.dropLast(homeCache.count))) {
      try? FileSystem.makeDirectory(base)
    }
    guard isDirectoryOfOurs(base) else { return nil }
    let path = "\(base)/meti-token"
    try? FileSystem.makeDirectory(path)
    // It may be on a file system that can only be read now (ProtectHome=).
    return unsafe isPrivate(path) && access(path, W_OK | X_OK) == 0 ? path : nil
  }

  private static let homeCache = "/.cache"

  private static func bases(
    _ variable: (String) -> String?, _ userRuntime: String
  ) -> [String] {
    var bases = [variable("XDG_RUNTIME_DIR") ?? "", "\(userRuntime)/\(geteuid())"]
    bases.append(variable("XDG_CACHE_HOME") ?? "")
    if let home = FileSystem.home(variable) { bases.append(home + homeCache) }
    for name in ["STATE_DIRECTORY", "CACHE_DIRECTORY", "RUNTIME_DIRECTORY"] {
      bases += (variable(name) ?? "").split(separator: ":").map(String.init)
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
