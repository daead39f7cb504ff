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

  /// Opens the directory, made if need be: the one of the lock files, which is closed to others.
  /// - Throws: `inputOutput` if it is not in memory.
  init() throws {
    let folder = LockDirectory.all(Process.variable).first { _ in true }
    path = "\(folder ?? "")/\(Self.name)"
    directory =
      folder.map { unsafe open($0, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC) } ?? -1
    guard FileSystem.isInMemory(directory) == true else {
      throw Failure(
        .inputOutput,
        "\(folder ?? "the runtime directory") is not in memory: a token must not be written to disk",
        hint: "set XDG_RUNTIME_DIR to your own directory on a tmpfs, such as /run/user/\(geteuid())"
      )
    }
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
}
