import CLinux
import Glibc
import MetiToken

/// Files and directories.
public enum File {
  /// At most `limit` bytes of a file; `nil` if it cannot be read or is not UTF-8.
  public static func text(_ path: String, limit: Int) -> String? {
    (try? bytes(path, limit: limit)).flatMap { String(validating: $0, as: UTF8.self) }
  }

  static func bytes(_ path: String, limit: Int) throws(SystemError) -> [UInt8] {
    // O_NONBLOCK: open(2) would wait for the writer of a named pipe.
    let file = unsafe open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)
    guard file >= 0 else { throw SystemError() }
    defer { close(file) }
    return try read(file, limit: limit)
  }

  /// The bytes up to the end or the limit. Files of proc(5) come in many small pieces.
  static func read(_ descriptor: Int32, limit: Int) throws(SystemError) -> [UInt8] {
    var error: SystemError?
    let bytes = unsafe [UInt8](unsafeUninitializedCapacity: limit) { buffer, count in
      while count < limit {
        let size = unsafe Glibc.read(descriptor, buffer.baseAddress! + count, limit - count)
        if size < 0 && errno == EINTR { continue }
        if size < 0 { error = SystemError() }
        guard size > 0 else { break }
        count += size
      }
    }
    if let error { throw error }
    return bytes
  }

  /// What can be read of a secret once something can, at most `room` bytes (read(2)); empty at the end.
  /// - Throws: ETIMEDOUT if nothing comes before the deadline.
  public static func secret(
    _ descriptor: Int32, atMost room: Int, until deadline: Deadline, _ clock: any Clock
  ) throws(SystemError) -> Secret {
    while true {
      let remaining = deadline.remaining(at: clock.now())
      guard remaining > 0 else { throw SystemError(ETIMEDOUT) }
      guard readable([descriptor], within: remaining)[0] else { continue }
      var error: SystemError?
      let piece = unsafe Secret(capacity: room) { buffer in
        let size = unsafe Glibc.read(descriptor, buffer.baseAddress, buffer.count)
        if size < 0 { error = SystemError() }
        return size
      }
      guard let error else { return piece }
      guard error.code == EINTR || error.code == EAGAIN else { throw error }
    }
  }

  /// Which of these descriptors can be read, or have an error, within this time (poll(2)). One below 0
  /// is skipped.
  public static func readable(_ descriptors: [Int32], within milliseconds: Int64) -> [Bool] {
    var files = descriptors.map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
    let count = unsafe poll(&files, nfds_t(files.count), Int32(clamping: milliseconds))
    return files.map { count > 0 && $0.revents != 0 }
  }

  /// Puts a file in place of the one at `path`, in one step (rename(2)): readers get the old one or
  /// the new one. Only its owner may read it, whatever the umask.
  public static func replace(_ path: String, with bytes: RawSpan) throws(SystemError) {
    let temporary = "\(path).\(getpid())"
    _ = unsafe unlink(temporary)
    let file = unsafe open(
      temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600)
    guard file >= 0 else { throw SystemError() }
    let isReplaced =
      unsafe fchmod(file, 0o600) == 0 && Process.write(bytes, to: file) && fsync(file) == 0
      && rename(temporary, path) == 0
    let error = SystemError()
    close(file)
    guard isReplaced else {
      _ = unsafe unlink(temporary)
      throw error
    }
  }

  /// Makes an absolute directory and those above it that are missing. Only their owner may enter
  /// them, whatever the umask (mkdir(2), chmod(2)).
  public static func makeDirectories(_ path: String) throws(SystemError) {
    var made = ""
    for name in path.split(separator: "/") {
      made += "/\(name)"
      guard unsafe access(made, F_OK) != 0 else { continue }
      guard unsafe mkdir(made, 0o700) == 0, unsafe chmod(made, 0o700) == 0 else {
        throw SystemError()
      }
    }
  }

  /// Whether this is a directory, and not a link to one, that is this user's and has none of these
  /// permissions.
  public static func isOwnDirectory(_ path: String, without permissions: mode_t = 0) -> Bool {
    var info = stat()
    return unsafe lstat(path, &info) == 0 && info.st_mode & S_IFMT == S_IFDIR
      && info.st_uid == geteuid() && info.st_mode & permissions == 0
  }

  /// Whether a file is on a tmpfs, which no disk has (statfs(2)); swap may have its pages.
  public static func isInMemory(_ path: String) -> Bool {
    var info = statfs()
    return unsafe statfs(path, &info) == 0 && info.f_type == Int(TMPFS_MAGIC)
  }

  /// A path without symbolic links (realpath(3)); `nil` if there is no such file.
  public static func realPath(_ path: String) -> String? {
    guard let found = unsafe realpath(path, nil) else { return nil }
    defer { unsafe free(found) }
    return unsafe String(validatingCString: found)
  }
}
