import Glibc
import MetiToken

/// Locks across processes: flock(2) on a file for each, released by the kernel when the holder
/// ends, however it ends.
public struct FileLock: Locks {
  /// Where the lock files are (``LockDirectory``). Without one no call waits for another: two tokens
  /// instead of one do no harm.
  public let directory: String?
  private let clock: any Clock

  public init(directory: String?, clock: any Clock) {
    self.directory = directory
    self.clock = clock
  }

  public func tryAcquire(named name: String) -> (any HeldLock)? {
    let file = LockFile(path: path(name))
    return file.tryLock() ? file : nil
  }

  public func acquire(
    named name: String, until deadline: Deadline, whileWaiting: () -> Bool
  ) throws(LockError) -> (any HeldLock)? {
    let file = LockFile(path: path(name))
    // flock(2) has no deadline of its own, so it is tried again after short, growing pauses.
    var pause: Int64 = 1
    while !file.tryLock() {
      guard !whileWaiting() else { return nil }
      let remaining = deadline.remaining(at: clock.now())
      guard remaining > 0 else { throw LockError() }
      // Jitter keeps many waiters from trying at the same moments.
      clock.pause(min(remaining, 1 + Int64(Double(pause) * clock.random())))
      pause = min(pause * 2, 20)
    }
    return file
  }

  public func note(named name: String) -> String {
    path(name).flatMap { File.text($0, limit: LockFile.longestNote) } ?? ""
  }

  /// A short name for any account. If two accounts ever had the same, they would only wait for each
  /// other.
  private func path(_ name: String) -> String? {
    directory.map { "\($0)/\(Fingerprint.of(name)).lock" }
  }
}
