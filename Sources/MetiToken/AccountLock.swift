/// The lock of one account, across processes. If nothing can be locked on this machine, every call
/// gets a lock that excludes nobody.
public protocol AccountLock {
  /// - Returns: `nil` if another process holds the lock. Never waits.
  func tryAcquire(_ account: Account) -> (any HeldLock)?
  /// Waits for the lock, and calls `whileWaiting` from time to time, which ends the wait with true.
  /// - Returns: the lock, released with its last reference; `nil` if `whileWaiting` ended the wait.
  /// - Throws: ``LockError`` when the deadline passes.
  func acquire(
    _ account: Account, until deadline: Deadline, whileWaiting: () -> Bool
  ) throws(LockError) -> (any HeldLock)?
  /// What the last holder wrote, read without the lock: for reports only.
  func state(of account: Account) -> LockState
}

/// A lock that is held, and what its holders tell each other.
public protocol HeldLock: AnyObject {
  /// What the last holder wrote; empty if there is nothing, or nothing readable.
  var state: LockState { get }
  /// Replaces the state.
  /// - Returns: false if it cannot be written, so the next holder will not know.
  @discardableResult func write(_ state: LockState) -> Bool
}

extension HeldLock {
  /// Changes the state, and writes it only if it differs.
  /// - Returns: as ``write(_:)``.
  @discardableResult public func update(_ change: (inout LockState) -> Void) -> Bool {
    let old = state
    var new = old
    change(&new)
    return new == old || write(new)
  }
}

/// Another process held the lock for longer than the caller could wait.
public struct LockError: Error, Equatable {
  public init() {}
}
