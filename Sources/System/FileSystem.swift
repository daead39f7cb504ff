import CLinux
import Glibc
import MetiToken

/// Where files are kept.
public enum FileSystem {
  /// Whether an open file's file system is a tmpfs or ramfs, which no disk has (fstatfs(2)); swap may
  /// have pages of a tmpfs. `nil` and `errno` when the system does not say.
  public static func isInMemory(_ descriptor: Int32) -> Bool? {
    let answer = meti_is_in_memory(descriptor)
    return answer < 0 ? nil : answer == 1
  }

  /// What a symbolic link says (readlink(2)); `nil` where it cannot be read or is not UTF-8.
  public static func link(_ path: String) -> String? {
    unsafe withUnsafeTemporaryAllocation(byteCount: Int(PATH_MAX), alignment: 1) { buffer in
      let size = unsafe readlink(
        path, buffer.baseAddress!.assumingMemoryBound(to: CChar.self), buffer.count)
      guard size > 0, size < buffer.count else { return nil }
      return unsafe UnsafeRawBufferPointer(rebasing: buffer[..<size]).bytes.text
    }
  }
}
