/// Locks across the processes of one user, by their names: one for each account, `prompt` for the one
/// open prompt, and `keyring` for opening a session. If nothing can be locked on this machine, every
/// call gets a lock that excludes nobody.
public protocol Locks {
  /// - Returns: `nil` if another process holds the lock. Never waits.
  func tryAcquire(named name: String) -> (any HeldLock)?
  /// Waits for the lock, and calls `whileWaiting` from time to time, which ends the wait with true.
  /// - Returns: `nil` if `whileWaiting` ended the wait.
  /// - Throws: ``LockError`` when the deadline passes.
  func acquire(
    named name: String, until deadline: Deadline, whileWaiting: () -> Bool
  ) throws(LockError) -> (any HeldLock)?
  /// What the last holder wrote, read without the lock: for reports only.
  func note(named name: String) -> String
}

/// A lock that is held, with lines of text that outlive it. Released with its last reference.
public protocol HeldLock: AnyObject {
  /// What the last holder wrote; empty if nothing can be read. Not secret.
  var note: String { get }
  /// Replaces the note.
  /// - Returns: false if it cannot be written, so the next holder will not know.
  @discardableResult func write(_ note: String) -> Bool
}

/// The lock of an account, whose note is a ``LockState``.
extension Locks {
  public func tryAcquire(_ account: Account) -> (any HeldLock)? {
    tryAcquire(named: account.description)
  }

  public func acquire(
    _ account: Account, until deadline: Deadline, whileWaiting: () -> Bool
  ) throws(LockError) -> (any HeldLock)? {
    try acquire(named: account.description, until: deadline, whileWaiting: whileWaiting)
  }

  public func state(of account: Account) -> LockState {
    LockState(text: note(named: account.description))
  }
}

extension HeldLock {
  public var state: LockState { LockState(text: note) }

  /// Changes the state, and writes what of it still holds, if that differs.
  /// - Returns: as ``write(_:)``.
  @discardableResult public func update(
    at now: Moment, _ change: (inout LockState) -> Void
  ) -> Bool {
    let old = state
    var new = old
    change(&new)
    return new == old || write(new.current(at: now).text)
  }
}

/// Another process held the lock for longer than the caller could wait.
public struct LockError: Error, Equatable {
  public init() {}
}
