import Glibc
import MetiToken

/// The open file of a lock. Only the holder writes its note. If it cannot be opened or locked, it
/// excludes nobody.
final class LockFile: HeldLock {
  private let descriptor: Int32

  /// Makes the file if need be.
  init(path: String?) {
    // O_NOFOLLOW: nobody may point us at another file.
    let flags = O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK
    descriptor = path.map { unsafe open($0, flags, 0o600) } ?? -1
    // Whatever the umask was when it was made.
    fchmod(descriptor, 0o600)
  }

  deinit { close(descriptor) }

  /// False if another process has locked it.
  func tryLock() -> Bool {
    while flock(descriptor, LOCK_EX | LOCK_NB) != 0 {
      guard errno == EINTR else { return errno != EWOULDBLOCK }
    }
    return true
  }

  /// The longest note that is read, in bytes: some rejections, and a reason with a URL in it.
  static let longestNote = 8192

  var note: String {
    guard lseek(descriptor, 0, SEEK_SET) == 0 else { return "" }
    let bytes = (try? File.read(descriptor, limit: Self.longestNote)) ?? []
    return String(validating: bytes, as: UTF8.self) ?? ""
  }

  /// Writes the note before the file is shortened, so that a full disk does not lose the old note.
  @discardableResult func write(_ note: String) -> Bool {
    lseek(descriptor, 0, SEEK_SET) == 0 && Process.write(note, to: descriptor)
      && ftruncate(descriptor, off_t(note.utf8.count)) == 0
  }
}
