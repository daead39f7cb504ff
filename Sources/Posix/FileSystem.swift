import CLinux

/// Where files are kept.
public enum FileSystem {
  /// Whether an open file's file system is a tmpfs or ramfs, which no disk has (fstatfs(2)); swap may
  /// have pages of a tmpfs. `nil` and `errno` when the system does not say.
  public static func isInMemory(_ descriptor: Int32) -> Bool? {
    let answer = meti_is_in_memory(descriptor)
    return answer < 0 ? nil : answer == 1
  }
}
