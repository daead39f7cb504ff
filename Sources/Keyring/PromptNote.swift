import MetiToken

/// What the processes of one user tell each other about their prompts, in the lock `prompt`.
///
/// GNOME Keyring opens no dialog for any program any more once three clients wait for one and the
/// user cancels it. So there is one prompt of ours at a time, and a dismissal counts for all.
struct PromptNote: Equatable {
  enum State: String {
    case open, dismissed
  }

  let state: State
  /// Milliseconds on the boot clock of `bootID`.
  let since: Int64
  let bootID: String
  /// How many prompts were left open without an answer, this one included.
  let unanswered: Int
  /// What the prompt is about: the bus, the provider's unique name and the collection. A provider
  /// that was restarted has another name.
  let place: String

  init(_ state: State, at now: Moment, unanswered: Int, place: String) {
    self.state = state
    since = now.boot
    bootID = now.bootID
    self.unanswered = unanswered
    self.place = place
  }

  /// Reads what ``text`` wrote.
  init?(_ text: String) {
    let words = text.split(separator: " ", maxSplits: 4)
    guard words.count == 5, let state = State(rawValue: String(words[0])),
      let since = Int64(words[1]), let unanswered = Int(words[3])
    else { return nil }
    self.state = state
    self.since = since
    bootID = String(words[2])
    self.unanswered = unanswered
    place = String(words[4])
  }

  var text: String { "\(state) \(since) \(bootID) \(unanswered) \(place)" }

  /// For how long no other prompt is opened, in milliseconds. Clients that left without an answer
  /// count in GNOME Keyring, and two are safe.
  private var lifetime: Int64 { state == .open && unanswered >= 2 ? 86_400_000 : 300_000 }

  func isCurrent(at now: Moment, place: String) -> Bool {
    self.place == place && bootID == now.bootID && (0..<lifetime).contains(now.boot - since)
  }
}
