import Glibc

/// The directories for lock files: owned by this user, closed to all others.
///
/// `$XDG_RUNTIME_DIR/meti-token`, else `/run/user/UID/meti-token` (cron has no `XDG_RUNTIME_DIR`,
/// yet must meet the desktop's calls), else `$XDG_CACHE_HOME/meti-token` or `~/.cache/meti-token`.
/// A system service may have none of these, but directories of its own (systemd.exec(5),
/// RuntimeDirectory=): the state first, for what is in a runtime directory goes with the service.
/// Nothing secret is ever written there.
public enum LockDirectory {
  /// Those that can be used, the best one first; each is made, if need be, when it is come to.
  /// - Parameters:
  ///   - variable: the value of an environment variable.
  ///   - home: the home directory of this user, where the environment names none.
  public static func all(
    _ variable: (String) -> String?, home: () -> String? = { userHome }
  ) -> AnySequence<String> {
    AnySequence(bases(variable, home).lazy.compactMap { usable(in: $0) })
  }

  private static func usable(in base: String) -> String? {
    guard base.hasPrefix("/") else { return nil }
    // The cache directory may not exist yet; it is the user's to create (XDG Base Directory).
    if base.hasSuffix(homeCache), isDirectoryOfOurs(String(base.dropLast(homeCache.count))) {
      _ = unsafe mkdir(base, 0o700)
    }
    guard isDirectoryOfOurs(base) else { return nil }
    let path = "\(base)/meti-token"
    if unsafe mkdir(path, 0o700) == 0 { return path }
    // One that was made before may be on a file system that is only read now (ProtectHome=).
    return unsafe isPrivate(path) && access(path, W_OK | X_OK) == 0 ? path : nil
  }

  private static let homeCache = "/.cache"

  private static func bases(
    _ variable: (String) -> String?, _ home: () -> String?
  ) -> [String] {
    func value(_ name: String) -> String? {
      variable(name).flatMap { $0.isEmpty ? nil : $0 }
    }
    var bases = [value("XDG_RUNTIME_DIR") ?? "", "/run/user/\(geteuid())"]
    bases.append(value("XDG_CACHE_HOME") ?? "")
    if let home = value("HOME") ?? home() { bases.append(home + homeCache) }
    for name in ["STATE_DIRECTORY", "CACHE_DIRECTORY", "RUNTIME_DIRECTORY"] {
      bases += (value(name) ?? "").split(separator: ":").map(String.init)
    }
    return bases
  }

  /// As the user database has it (getpwuid_r(3)).
  public static var userHome: String? {
    unsafe withUnsafeTemporaryAllocation(of: CChar.self, capacity: 16384) { buffer in
      var entry = unsafe passwd()
      var found: UnsafeMutablePointer<passwd>?
      guard
        unsafe getpwuid_r(geteuid(), &entry, buffer.baseAddress!, buffer.count, &found) == 0,
        unsafe found != nil
      else { return nil }
      return unsafe String(validatingCString: entry.pw_dir)
    }
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
