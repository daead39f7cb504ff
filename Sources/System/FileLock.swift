import Glibc
import MetiToken

/// Locks across processes: flock(2) on a file for each, released by the kernel when the holder
/// ends, however it ends.
public struct FileLock: Locks {
  /// Where lock files may be, the best place first.
  private let directories: AnySequence<String>
  private let clock: any Clock
  /// flock(2).
  private let system: (Int32, Int32) -> Int32

  /// The locks of this user's processes.
  public static func standard(_ clock: any Clock) -> FileLock {
    FileLock(directories: LockDirectory.all(Process.variable), clock: clock)
  }

  /// - Parameter directories: see ``LockDirectory``. Without one nothing can be locked, and no call
  ///   waits: two tokens instead of one do no harm.
  public init(
    directories: some Sequence<String>, clock: any Clock,
    system: @escaping (Int32, Int32) -> Int32 = { flock($0, $1) }
  ) {
    self.directories = AnySequence(directories)
    self.clock = clock
    self.system = system
  }

  /// flock(2) has no deadline of its own, so it is tried again after short, growing pauses.
  private static let firstPause: Int64 = 1
  private static let longestPause: Int64 = 20

  public func tryAcquire(named name: String) -> (any HeldLock)? {
    switch attempt(name) {
    case .taken(let file): file
    case .held: nil
    }
  }

  public func acquire(
    named name: String, until deadline: Deadline, whileWaiting: () -> Bool
  ) throws(LockError) -> (any HeldLock)? {
    let file: LockFile
    switch attempt(name) {
    case .taken(let taken): return taken
    case .held(let held): file = held
    }
    var pause = Self.firstPause
    while !whileWaiting() {
      let remaining = deadline.remaining(at: clock.now())
      guard remaining > 0 else { throw LockError() }
      // Jitter keeps many waiters from trying at the same moments.
      clock.pause(min(remaining, 1 + Int64(Double(pause) * clock.random())))
      pause = min(pause * 2, Self.longestPause)
      // Also if locking has become impossible: then the lock excludes nobody.
      if file.tryLock(system) != .held { return file }
    }
    return nil
  }

  public func note(named name: String) -> String {
    guard let directory = directories.first(where: { _ in true }) else { return "" }
    return File.text(Self.path(name, in: directory), limit: LockFile.longestNote) ?? ""
  }

  /// The first directory in which a file can be locked; `nil` if there is none. Tries it.
  public func place() -> String? {
    directories.first { directory in
      let file = LockFile(path: Self.path("keyring", in: directory))
      return file.map { $0.tryLock(system) != .impossible } ?? false
    }
  }

  private enum Attempt {
    case taken(LockFile)
    case held(LockFile)
  }

  private func attempt(_ name: String) -> Attempt {
    for directory in directories {
      guard let file = LockFile(path: Self.path(name, in: directory)) else { continue }
      switch file.tryLock(system) {
      case .taken: return .taken(file)
      case .held: return .held(file)
      case .impossible: continue
      }
    }
    return .taken(LockFile())
  }

  /// A short name for any account. If two accounts ever had the same, they would only wait for each
  /// other.
  private static func path(_ name: String, in directory: String) -> String {
    "\(directory)/\(Fingerprint.of(name)).lock"
  }
}
