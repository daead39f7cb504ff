import MetiToken

/// Concludes from a provider's silence that it may be prompting by itself (pass with a passphrase).
/// The user has ``MetiToken/Interaction/patience`` in all, from which only the silent time is taken.
struct PromptDetector {
  /// Milliseconds.
  private var left = Interaction.patience

  /// A provider that is silent for so long, in milliseconds, may be prompting.
  static let threshold: Int64 = 3_000

  var hasSpent: Bool { left < Interaction.patience }

  /// When a call that began at `start` must have ended; `nil` while it has not been silent for long.
  func end(since start: Moment, at now: Moment) -> Deadline? {
    guard now.boot - start.boot >= Self.threshold else { return nil }
    return Deadline(left, from: start)
  }

  /// Takes the milliseconds in which a call was silent.
  mutating func spend(_ milliseconds: Int64) { left -= milliseconds }
}
