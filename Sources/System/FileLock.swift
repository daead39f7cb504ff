import Glibc
import MetiToken

/// A lock across processes: flock(2) on a file of its own, released by the kernel when its holder
/// ends, however it ends.
public struct FileLock: AccountLock {
  /// Where lock files may be, the best place first.
  let directories: AnySequence<String>
  let clock: any Clock
  /// Takes what is left where no lock can be had.
  let lastResort: (any NoteShelf)?
  private let whenUnlocked: () -> Void
  /// flock(2).
  private let system: (Int32, Int32) -> Int32

  /// - Parameters:
  ///   - directories: see ``LockDirectory``. Without one nothing can be locked, and every call is
  ///     let through: two tokens instead of one do no harm.
  ///   - whenUnlocked: is told when an account cannot be locked.
  public init(
    directories: some Sequence<String>, clock: any Clock, lastResort: (any NoteShelf)? = nil,
    whenUnlocked: @escaping () -> Void = {}
  ) {
    self.init(directories, clock, lastResort, whenUnlocked: whenUnlocked) { flock($0, $1) }
  }

  init(
    _ directories: some Sequence<String>, _ clock: any Clock, _ lastResort: (any NoteShelf)? = nil,
    whenUnlocked: @escaping () -> Void = {}, system: @escaping (Int32, Int32) -> Int32
  ) {
    self.directories = AnySequence(directories)
    self.clock = clock
    self.lastResort = lastResort
    self.whenUnlocked = whenUnlocked
    self.system = system
  }

  /// flock(2) has no deadline of its own, so it is tried again in short, growing pauses.
  static let firstPause: Int64 = 1
  static let longestPause: Int64 = 20

  public func acquire(
    _ account: Account, until deadline: Deadline, whileWaiting: () -> Bool
  ) throws(LockError) -> (any HeldLock)? {
    let held = try acquire(
      named: AccountSelector(account).keyDescription, until: deadline, whileWaiting: whileWaiting)
    if held is Unlocked { whenUnlocked() }
    return held
  }

  /// The lock called `name`, for things that belong to no account.
  public func acquire(
    named name: String, until deadline: Deadline, whileWaiting: () -> Bool = { false }
  ) throws(LockError) -> (any HeldLock)? {
    for directory in directories {
      guard let file = LockFile(path: Self.path(name, in: directory)) else { continue }
      switch try wait(for: file, until: deadline, whileWaiting) {
      case .taken: return file
      case .held: return nil
      case .impossible: continue
      }
    }
    return Unlocked(name, lastResort)
  }

  /// - Returns: `held` where `whileWaiting` ended the wait.
  private func wait(
    for file: LockFile, until deadline: Deadline, _ whileWaiting: () -> Bool
  ) throws(LockError) -> LockFile.Attempt {
    var pause = Self.firstPause
    while true {
      let attempt = file.tryLock(system)
      guard attempt == .held, !whileWaiting() else { return attempt }
      let remaining = deadline.remaining(at: clock.now())
      guard remaining > 0 else { throw LockError() }
      // Jitter keeps many waiters from trying at the same moments.
      clock.pause(min(remaining, 1 + Int64(Double(pause) * clock.random())))
      pause = min(pause * 2, Self.longestPause)
    }
  }

  /// The directory in which a lock can be had, found out by trying; `nil` where there is none.
  public func place() -> String? {
    directories.first { directory in
      guard let file = LockFile(path: Self.path("keyring", in: directory)) else { return false }
      return file.tryLock(system) != .impossible
    }
  }

  /// What the last holder of the account's lock left, read without taking the lock. Only for
  /// telling: a holder may be about to change it.
  public func note(of account: Account) -> LockNote {
    let name = AccountSelector(account).keyDescription
    let directory = directories.first { _ in true }
    let file = directory.flatMap { LockFile(reading: Self.path(name, in: $0)) }
    // Where the file cannot be locked nothing is left in it.
    if let note = file?.note, !note.isEmpty { return note }
    return Unlocked(name, lastResort).note
  }

  /// When METI refused this very credential, where the store could not keep a note of it, in seconds
  /// since 1970 UTC; read without taking the lock.
  public func refusal(of credential: borrowing Credential, at now: Moment) -> Int64? {
    note(of: credential.account).refusal(of: credential.mark, at: now)
  }

  private static func path(_ name: String, in directory: String) -> String {
    "\(directory)/\(fileName(name)).lock"
  }

  /// FNV-1a, 64 bits: a short name for any account. If two ever met, they would only wait for each
  /// other.
  static func fileName(_ name: String) -> String {
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    for byte in name.utf8 {
      hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3
    }
    return unsafe String(unsafeUninitializedCapacity: 16) { digits in
      for index in 0..<16 {
        let value = UInt8(truncatingIfNeeded: hash >> UInt64(60 - 4 * index)) & 0xF
        unsafe digits[index] =
          value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "a") + value - 10
      }
      return 16
    }
  }
}

/// Where notes are kept for some time without files.
public protocol NoteShelf {
  /// The note of this name; empty where there is none.
  func note(_ name: String) -> String
  /// - Returns: false where it cannot be kept.
  func keep(_ note: String, as name: String, seconds: UInt32) -> Bool
}

/// Stands for a lock where none can be had.
final class Unlocked: HeldLock {
  private let name: String
  private let shelf: (any NoteShelf)?
  /// What was left here, which others find on the shelf alone.
  private var left: LockNote?

  init(_ name: String, _ shelf: (any NoteShelf)?) {
    self.name = name
    self.shelf = shelf
  }

  var note: LockNote { left ?? LockNote(text: shelf?.note(name) ?? "") }

  func leave(_ note: LockNote) -> Bool {
    left = note
    return shelf?.keep(note.text, as: name, seconds: UInt32(BackOff.longest / 1000)) ?? false
  }
}

/// The open lock file; what it says is written by its holder alone.
final class LockFile: HeldLock {
  private let descriptor: Int32

  /// `nil` when it cannot be opened.
  init?(path: String) {
    // O_NOFOLLOW: nobody may point us at another file.
    descriptor = unsafe open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
    guard descriptor >= 0 else { return nil }
  }

  /// A file that is there, not to be locked or written; `nil` when it cannot be opened.
  init?(reading path: String) {
    descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
    guard descriptor >= 0 else { return nil }
  }

  deinit {
    close(descriptor)
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

  /// The longest note that is read, in bytes: some refusals, and a reason with a URL in it.
  private static let longestNote = 4096

  var note: LockNote {
    let text = unsafe withUnsafeTemporaryAllocation(
      byteCount: Self.longestNote, alignment: 1
    ) { buffer in
      let count = unsafe pread(descriptor, buffer.baseAddress, buffer.count, 0)
      return unsafe String(
        validating: UnsafeRawBufferPointer(
          rebasing: UnsafeRawBufferPointer(buffer)[..<max(count, 0)]),
        as: UTF8.self)
    }
    return LockNote(text: text ?? "")
  }

  /// Written before the rest of a longer one is cut off, so that a full disk keeps what there was.
  func leave(_ note: LockNote) -> Bool {
    var text = note.text
    let isWritten = text.withUTF8 { bytes in
      unsafe bytes.isEmpty || pwrite(descriptor, bytes.baseAddress, bytes.count, 0) == bytes.count
    }
    return isWritten && ftruncate(descriptor, off_t(text.utf8.count)) == 0
  }
}
