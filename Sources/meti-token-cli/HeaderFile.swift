import Glibc
import MetiToken
import System

/// The file `authorization` with the line `Authorization: Bearer …`: the only file that ever holds a
/// token. It is in memory, in `$XDG_RUNTIME_DIR/meti-token`, and only its owner may read it.
struct HeaderFile: ~Copyable {
  let path: String
  private let directory: Int32
  /// Which file was written last.
  private var inode: ino_t?
  /// Whether this process has written it.
  var isWritten: Bool { inode != nil }

  private static let name = "authorization"

  /// Where the file is, whether or not it is there.
  /// - Throws: `inputOutput` if there is no runtime directory.
  static func path() throws -> String {
    "\(try runtimeDirectory())/meti-token/\(name)"
  }

  /// Opens the directory, made if need be.
  /// - Throws: `inputOutput` if others may use it, or it is not in memory.
  init() throws {
    let path = try Self.path()
    let directory = try Self.openDirectory(in: try Self.runtimeDirectory())
    self.path = path
    self.directory = directory
    removeRemnants()
  }

  /// Removes what programs left beside the file that were killed while they wrote.
  private func removeRemnants() {
    let descriptor = unsafe openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard descriptor >= 0, let list = unsafe fdopendir(descriptor) else { return }
    defer { unsafe closedir(list) }
    while let entry = unsafe readdir(list) {
      let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) { start in
        unsafe start.withMemoryRebound(to: CChar.self, capacity: Int(NAME_MAX) + 1) {
          unsafe String(cString: $0)
        }
      }
      let start = FileSystem.temporaryName(of: Self.name, "")
      guard name.hasPrefix(start), let pid = pid_t(name.dropFirst(start.count)),
        pid > 0, kill(pid, 0) != 0, errno == ESRCH
      else { continue }
      _ = unsafe unlinkat(directory, name, 0)
    }
  }

  private static func openDirectory(in runtime: String) throws -> Int32 {
    let outer = unsafe open(runtime, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard outer >= 0 else { throw Failure.inputOutput("cannot open \(runtime)") }
    defer { close(outer) }
    try check(outer, runtime)
    // Whatever the umask takes away.
    if unsafe mkdirat(outer, "meti-token", 0o700) == 0 {
      _ = unsafe fchmodat(outer, "meti-token", 0o700, 0)
    }
    let directory = unsafe openat(
      outer, "meti-token", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
    guard directory >= 0 else { throw Failure.inputOutput("cannot open \(runtime)/meti-token") }
    do {
      try check(directory, "\(runtime)/meti-token")
    } catch {
      close(directory)
      throw error
    }
    return directory
  }

  deinit { close(directory) }

  mutating func write(_ token: borrowing Token) throws {
    let line = token.line(asHeader: true)
    do {
      inode = try line.withBytes { bytes throws(SystemError) in
        try FileSystem.replace(Self.name, in: directory, with: bytes)
      }
    } catch {
      throw Failure(.inputOutput, "cannot write \(path): \(error.text)")
    }
  }

  /// Removes the file, if it is still the one written last.
  func remove() {
    var info = stat()
    guard let inode, unsafe fstatat(directory, Self.name, &info, AT_SYMLINK_NOFOLLOW) == 0,
      info.st_ino == inode
    else { return }
    _ = unsafe unlinkat(directory, Self.name, 0)
  }

  /// `$XDG_RUNTIME_DIR`, else `/run/user/UID`, which is the same where cron has no such variable.
  private static func runtimeDirectory() throws -> String {
    if let path = Process.variable("XDG_RUNTIME_DIR"), path.hasPrefix("/") { return path }
    let path = "/run/user/\(geteuid())"
    var info = stat()
    guard unsafe stat(path, &info) == 0 else {
      throw Failure(
        .inputOutput, "there is no runtime directory for the header file",
        hint: "set XDG_RUNTIME_DIR, or run: loginctl enable-linger")
    }
    return path
  }

  private static func check(_ directory: Int32, _ path: String) throws {
    var info = stat()
    guard unsafe fstat(directory, &info) == 0 else {
      throw Failure.inputOutput("cannot examine \(path)")
    }
    guard info.st_uid == geteuid(), info.st_mode & 0o077 == 0 else {
      throw Failure(
        .inputOutput, "other users may use \(path)",
        hint: "it must be owned by this user and have the mode 0700")
    }
    guard let isInMemory = FileSystem.isInMemory(directory) else {
      throw Failure.inputOutput("cannot examine \(path)")
    }
    guard isInMemory else {
      throw Failure(
        .inputOutput, "\(path) is on a disk, where a token must not be written",
        hint: "set XDG_RUNTIME_DIR to a directory on a tmpfs, such as /run/user/\(geteuid())")
    }
  }
}
