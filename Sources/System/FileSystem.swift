import CLinux
import Glibc
import MetiToken

/// Files and directories.
public enum FileSystem {
  /// Makes a directory that only its owner may enter, whatever the umask (mkdir(2), chmod(2)).
  public static func makeDirectory(_ path: String) throws(SystemError) {
    guard unsafe mkdir(path, 0o700) == 0, unsafe chmod(path, 0o700) == 0 else {
      throw SystemError()
    }
  }

  /// The same with the directories above it; one that exists is left as it is.
  static func makeDirectories(_ path: String) throws(SystemError) {
    do {
      try makeDirectory(path)
    } catch {
      if error.code == EEXIST { return }
      let parent = String(path.prefix { _ in true }.dropLast(path.split(separator: "/").last?.count ?? 0))
      guard error.code == ENOENT, parent.utf8.count > 1 else { throw error }
    }
  }

  /// Whether an open file's file system is a tmpfs or ramfs, which no disk has (fstatfs(2)); swap may
  /// have pages of a tmpfs. `nil` and `errno` if the system does not say.
  public static func isInMemory(_ descriptor: Int32) -> Bool? {
    let answer = meti_is_in_memory(descriptor)
    return answer < 0 ? nil : answer == 1
  }
}
