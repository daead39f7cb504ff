/// A lock across the processes of one user that is held, with a line of text that outlives it.
/// Released with its last reference.
public protocol NamedLock: AnyObject {
  /// What the last holder wrote; empty if nothing can be read. Not secret.
  var note: String { get }
  /// - Returns: false if the note cannot be written.
  @discardableResult func write(_ note: String) -> Bool
}

/// Locks with a name, for what all accounts share: `prompt` for the one open prompt, `keyring` for
/// opening a session. If nothing can be locked on this machine, every call gets a lock that
/// excludes nobody.
public protocol NamedLocks {
  /// - Returns: `nil` if another process holds the lock. Never waits.
  func tryAcquire(named name: String) -> (any NamedLock)?
  /// Waits for the lock.
  /// - Throws: ``LockError`` when the deadline passes.
  func acquire(named name: String, until deadline: Deadline) throws(LockError) -> any NamedLock
  /// What the last holder wrote, read without the lock.
  func note(named name: String) -> String
}
