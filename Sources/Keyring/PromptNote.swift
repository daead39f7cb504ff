import MetiToken

/// What the processes of one user tell each other about their prompts, in the lock `prompt`.
///
/// GNOME Keyring opens no dialog for any program any more once three clients wait for one and the
/// user cancels it. So there is one prompt of ours at a time, and a dismissal counts for all.
struct PromptNote: Equatable {
  /// How many prompts in a row were left open without an answer; 0 if the last one was dismissed.
  let unanswered: Int
  /// Milliseconds on the boot clock.
  let since: Int64
  /// What the prompt is about: the bus's id, the provider's unique name and the collection. Another
  /// start of the machine, the bus or the provider is another place.
  let place: String

  var text: String { "\(unanswered) \(since) \(place)" }

  /// Whether no other prompt is opened yet: for five minutes. Clients that left without an answer
  /// count in GNOME Keyring, and two are safe: after the second, for a day.
  func isCurrent(at now: Moment) -> Bool {
    (0..<(unanswered >= 2 ? 86_400_000 : 300_000)).contains(now.boot - since)
  }
}

extension PromptNote {
  /// Reads what ``text`` wrote.
  init?(_ text: String) {
    let words = text.split(separator: " ", maxSplits: 2)
    guard words.count == 3, let unanswered = Int(words[0]), let since = Int64(words[1]) else {
      return nil
    }
    self.init(unanswered: unanswered, since: since, place: String(words[2]))
  }
}
