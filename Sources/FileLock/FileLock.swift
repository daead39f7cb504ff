import Glibc
import MetiToken

/// A lock across processes: flock(2) on a file of its own, released by the kernel when its holder
/// ends, however it ends.
public struct FileLock: AccountLock {
  public let directory: String?
  let clock: any Clock

  /// - Parameter directory: see ``LockDirectory``. Without one nothing can be locked, and every
  ///   call is let through: two tokens instead of one do no harm.
  public init(directory: String?, clock: any Clock) {
    self.directory = directory
    self.clock = clock
  }

  /// flock(2) has no deadline of its own, so it is tried again in short, growing pauses.
  static let firstPause: Int64 = 1
  static let longestPause: Int64 = 20

  public func acquire(
    _ account: Account, until deadline: Deadline, whileWaiting: () -> Bool
  ) throws(LockError) -> (any HeldLock)? {
    try acquire(
      named: AccountSelector(account).keyDescription, until: deadline, whileWaiting: whileWaiting)
  }

  /// The lock called `name`, for things that belong to no account.
  public func acquire(
    named name: String, until deadline: Deadline, whileWaiting: () -> Bool = { false }
  ) throws(LockError) -> (any HeldLock)? {
    guard let file = open(name) else { return Unlocked() }
    var pause = Self.firstPause
    while !file.tryLock() {
      if whileWaiting() { return nil }
      let remaining = deadline.remaining(at: clock.now())
      guard remaining > 0 else { throw LockError() }
      // Jitter keeps many waiters from trying at the same moments.
      clock.pause(min(remaining, 1 + Int64(Double(pause) * clock.random())))
      pause = min(pause * 2, Self.longestPause)
    }
    return file
  }

  /// What the last holder of the account's lock left, read without taking the lock. Only for
  /// telling: a holder may be about to change it.
  public func note(of account: Account) -> LockNote {
    guard let path = path(AccountSelector(account).keyDescription) else { return LockNote() }
    return LockFile(reading: path)?.note ?? LockNote()
  }

  /// When METI refused this very credential, where the store could not keep a note of it, in seconds
  /// since 1970 UTC; read without taking the lock.
  public func refusal(of credential: borrowing Credential, at now: Moment) -> Int64? {
    note(of: credential.account).refusal(of: credential.mark, at: now)
  }

  private func open(_ name: String) -> LockFile? { path(name).flatMap { LockFile(path: $0) } }

  private func path(_ name: String) -> String? {
    directory.map { "\($0)/\(Self.fileName(name)).lock" }
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

/// Stands for a lock where there is no directory to lock in. What is left here dies with the call.
final class Unlocked: HeldLock {
  private(set) var note = LockNote()

  func leave(_ note: LockNote) -> Bool {
    self.note = note
    return false
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

  func tryLock() -> Bool {
    while flock(descriptor, LOCK_EX | LOCK_NB) != 0 {
      guard errno == EINTR else { return false }
    }
    return true
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
