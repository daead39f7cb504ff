/// The clock and the pauses, so that tests need not wait.
public protocol Clock {
  func now() -> Moment
  /// Sleeps about `milliseconds`.
  func pause(_ milliseconds: Int64)
  /// A number in 0..<1, for jitter.
  func random() -> Double
}
