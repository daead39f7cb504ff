/// What a call waits for, reported after a second.
public enum Wait: Equatable, Sendable {
  /// The account's lock.
  case lock
  /// METI's answer.
  case answer
  /// The next attempt, in milliseconds.
  case retry(milliseconds: Int64)
}
