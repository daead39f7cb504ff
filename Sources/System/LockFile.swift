import Glibc
import MetiToken

/// The open file of a lock. Only the holder writes its note.
///
/// Without a file the lock excludes nobody, and only this process knows the note.
final class LockFile: HeldLock {
  private let descriptor: Int32
  private var ownNote = ""

  /// `nil` if it cannot be opened or made.
  init?(path: String) {
    // O_NOFOLLOW: nobody may point us at another file.
    let flags = O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK
    var opened = unsafe open(path, flags)
    if opened < 0 && errno == ENOENT {
      opened = unsafe open(path, flags | O_CREAT, 0o600)
      // Whatever the umask.
      if opened >= 0 { fchmod(opened, 0o600) }
    }
    guard opened >= 0 else { return nil }
    descriptor = opened
  }

  /// A lock without a file.
  init() { descriptor = -1 }

  deinit {
    if descriptor >= 0 { close(descriptor) }
  }

  enum Attempt {
    case taken, held
    /// As on a file system without locks.
    case impossible
  }

  /// - Parameter system: flock(2).
  func tryLock(_ system: (Int32, Int32) -> Int32) -> Attempt {
    while system(descriptor, LOCK_EX | LOCK_NB) != 0 {
      switch errno {
      case EINTR: continue
      case EWOULDBLOCK: return .held
      default: return .impossible
      }
    }
    return .taken
  }

  /// The longest note that is read, in bytes: some rejections, and a reason with a URL in it.
  static let longestNote = 8192

  var note: String {
    guard descriptor >= 0 else { return ownNote }
    guard lseek(descriptor, 0, SEEK_SET) == 0 else { return "" }
    let bytes = (try? File.read(descriptor, limit: Self.longestNote)) ?? []
    return String(validating: bytes, as: UTF8.self) ?? ""
  }

  /// Writes the note before the file is shortened, so that a full disk does not lose the old note.
  @discardableResult func write(_ note: String) -> Bool {
    guard descriptor >= 0 else {
      ownNote = note
      return false
    }
    return lseek(descriptor, 0, SEEK_SET) == 0 && Process.write(note, to: descriptor)
      && ftruncate(descriptor, off_t(note.utf8.count)) == 0
  }
}
