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

  /// Makes an absolute directory and those above it that are missing.
  static func makeDirectories(_ path: String) throws(SystemError) {
    var made = ""
    for name in path.split(separator: "/") {
      made += "/\(name)"
      var info = stat()
      if unsafe stat(made, &info) != 0 { try makeDirectory(made) }
    }
  }

  /// Puts a file in place of the one called `name`, in one step (rename(2)): readers get the old one
  /// or the new one. Only its owner may read it, whatever the umask.
  /// - Parameter directory: a descriptor.
  /// - Returns: the inode.
  public static func replace(
    _ name: String, in directory: Int32, with bytes: RawSpan
  ) throws(SystemError) -> ino_t {
    let temporary = temporaryName(of: name, "\(getpid())")
    _ = unsafe unlinkat(directory, temporary, 0)
    let file = unsafe openat(
      directory, temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600)
    guard file >= 0 else { throw SystemError() }
    var info = stat()
    let isReplaced =
      unsafe fchmod(file, 0o600) == 0 && Process.write(bytes, to: file) && fsync(file) == 0
      && fstat(file, &info) == 0 && renameat(directory, temporary, directory, name) == 0
    let error = SystemError()
    close(file)
    guard isReplaced else {
      _ = unsafe unlinkat(directory, temporary, 0)
      throw error
    }
    return info.st_ino
  }

  /// - Parameter process: the process that has not yet finished the file.
  public static func temporaryName(of name: String, _ process: String) -> String {
    ".\(name).\(process)"
  }

  /// Whether an open file's file system is a tmpfs or ramfs, which no disk has (fstatfs(2)); swap
  /// may have pages of a tmpfs. `nil` and `errno` if the system does not say.
  public static func isInMemory(_ descriptor: Int32) -> Bool? {
    let answer = meti_is_in_memory(descriptor)
    return answer < 0 ? nil : answer == 1
  }

  /// The target of a symbolic link (readlink(2)); `nil` if it cannot be read or is not UTF-8.
  public static func link(_ path: String) -> String? {
    unsafe withUnsafeTemporaryAllocation(of: CChar.self, capacity: Int(PATH_MAX)) { buffer in
      let size = unsafe readlink(path, buffer.baseAddress!, buffer.count)
      guard size > 0, size < buffer.count else { return nil }
      return unsafe UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(buffer)[..<size])
        .bytes.text
    }
  }

  /// This user's home directory: `HOME`, else as the user database has it (getpwuid_r(3)).
  static func home(_ variable: (String) -> String?) -> String? {
    if let home = variable("HOME"), !home.isEmpty { return home }
    return unsafe withUnsafeTemporaryAllocation(of: CChar.self, capacity: 16384) { buffer in
      var entry = unsafe passwd()
      var found: UnsafeMutablePointer<passwd>?
      guard
        unsafe getpwuid_r(geteuid(), &entry, buffer.baseAddress!, buffer.count, &found) == 0,
        unsafe found != nil
      else { return nil }
      return unsafe String(validatingCString: entry.pw_dir)
    }
  }
}
