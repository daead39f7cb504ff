import MetiToken

/// The time of a keyring that says nothing, as it may be asking the person in a dialog of its own.
/// It is one time for the whole call, of which only what calls have waited in silence is taken.
struct Silence {
  /// Milliseconds.
  private(set) var left = KeyringStore.askingBudget

  /// The end of the time for a call that began at `start`; `nil` while it has not been silent for
  /// long.
  func end(since start: Moment, at now: Moment) -> Deadline? {
    guard now.boot - start.boot >= KeyringStore.unexplainedSilence else { return nil }
    return Deadline(left, from: start)
  }

  /// Takes the time in which a call was silent, to its end at `now`.
  mutating func spend(since start: Moment, until now: Moment) {
    left -= max(now.boot - start.boot, 0)
  }
}
