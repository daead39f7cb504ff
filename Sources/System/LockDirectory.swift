import Glibc

/// The directory for lock files: owned by this user, closed to all others. They hold no secret.
///
/// `$XDG_RUNTIME_DIR/meti-token`, else `/run/user/UID/meti-token` (cron has no `XDG_RUNTIME_DIR`,
/// yet must meet the desktop's calls), else `$XDG_CACHE_HOME/meti-token` or `~/.cache/meti-token`.
/// A system service may have none of these, but directories of its own (systemd.exec(5),
/// RuntimeDirectory=): the state first, because a runtime directory ends with the service.
public enum LockDirectory {
  /// The best one that is usable, made if need be.
  /// - Parameters:
  ///   - variable: the value of an environment variable.
  ///   - userRuntime: where systemd-logind has the runtime directories of users.
  public static func find(
    _ variable: (String) -> String?, userRuntime: String = "/run/user"
  ) -> String? {
    let home = variable("HOME") ?? ""
    let bases = [
      variable("XDG_RUNTIME_DIR"), "\(userRuntime)/\(geteuid())", variable("XDG_CACHE_HOME"),
      "\(home)/.cache",
    ]
    let service = ["STATE_DIRECTORY", "CACHE_DIRECTORY", "RUNTIME_DIRECTORY"].flatMap {
      (variable($0) ?? "").split(separator: ":").map(String.init)
    }
    // The cache directory may not exist yet; it is the user's to create (XDG Base Directory).
    for base in bases.compactMap({ $0 }) + service where base.hasPrefix("/") {
      let owned = File.realPath(base == "\(home)/.cache" ? home : base)
      guard let owned, File.isOwnDirectory(owned) else { continue }
      let path = "\(base)/meti-token"
      try? File.makeDirectories(path)
      // It may be on a file system that can only be read now (ProtectHome=).
      guard File.isOwnDirectory(path, without: 0o077) else { continue }
      if unsafe access(path, W_OK | X_OK) == 0 { return path }
    }
    return nil
  }
}
