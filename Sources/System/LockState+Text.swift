import MetiToken

extension LockNote {
  /// As `key=value` lines; nothing where there is nothing to say.
  var text: String {
    var lines: [String] = []
    if let backOff {
      lines = [
        "since_ms=\(backOff.since.wall)", "since_boot_ms=\(backOff.since.boot)",
        "boot_id=\(backOff.since.bootID)", "pause_ms=\(backOff.pause)", "reason=\(backOff.reason)",
      ]
      if backOff.isUnusable { lines.append("unusable=1") }
    }
    for refusal in refusals {
      let since = refusal.since
      lines.append("refused=\(refusal.mark) \(since.wall) \(since.boot) \(since.bootID)")
    }
    return lines.map { "\($0)\n" }.joined()
  }

  /// Reads such lines. What is not legible says that all is well.
  init(text: String) {
    var fields: [String: String] = [:]
    var refusals: [Refusal] = []
    for line in text.split(separator: "\n") {
      let parts = line.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      guard parts.count == 2 else { continue }
      if parts[0] == "refused" {
        if let refusal = Refusal(text: parts[1]) { refusals.append(refusal) }
      } else {
        fields[String(parts[0])] = String(parts[1])
      }
    }
    self.init(backOff: BackOff(fields), refusals: refusals)
  }
}

extension LockNote.Refusal {
  fileprivate init?(text: Substring) {
    let parts = text.split(separator: " ", maxSplits: 3, omittingEmptySubsequences: false)
    guard parts.count == 4, let wall = Int64(parts[1]), let boot = Int64(parts[2]) else {
      return nil
    }
    self.init(
      mark: String(parts[0]), since: Moment(wall: wall, boot: boot, bootID: String(parts[3])))
  }
}

extension BackOff {
  fileprivate init?(_ fields: [String: String]) {
    guard let boot = fields["since_boot_ms"].flatMap(Int64.init),
      let wall = fields["since_ms"].flatMap(Int64.init),
      let pause = fields["pause_ms"].flatMap(Int64.init), pause > 0,
      let bootID = fields["boot_id"], let reason = fields["reason"]
    else { return nil }
    self.init(
      since: Moment(wall: wall, boot: boot, bootID: bootID), pause: pause, reason: reason,
      isUnusable: fields["unusable"] != nil)
  }
}
