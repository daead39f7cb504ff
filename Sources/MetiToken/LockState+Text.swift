extension LockState {
  /// As `key=value` lines; empty if there is nothing to say. All of it is of one boot, the one of
  /// the first line.
  var text: String {
    let boot =
      backOff?.since.bootID ?? refreshClaim?.since.bootID ?? rejections.first?.since.bootID
    guard let boot else { return "" }
    var lines = ["boot_id=\(boot)"]
    if let backOff {
      let reason = backOff.reason.split(separator: "\n").joined(separator: " ")
      let kind = backOff.isUnusable ? "unusable" : "trouble"
      lines.append("back_off=\(backOff.since.text) \(backOff.pause) \(kind) \(reason)")
    }
    if let refreshClaim {
      lines.append("refresh_claim=\(refreshClaim.since.text) \(refreshClaim.pause)")
    }
    for rejected in rejections {
      let (on, count) = (rejected.rejection.on, rejected.rejection.ambiguousCount ?? 0)
      lines.append("rejected=\(rejected.since.text) \(rejected.fingerprint) \(on) \(count)")
    }
    return lines.map { "\($0)\n" }.joined()
  }

  /// Reads such lines. Malformed ones, and those of unknown keys, are ignored.
  init(text: String) {
    var (backOff, refreshClaim): (BackOff?, RefreshClaim?)
    var rejections: [Rejected] = []
    var bootID = ""
    for line in text.split(separator: "\n") {
      let parts = line.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      guard parts.count == 2 else { continue }
      if parts[0] == "boot_id" { bootID = String(parts[1]) }
      let values = parts[1].split(separator: " ", maxSplits: 4, omittingEmptySubsequences: false)
      guard values.count > 2, let wall = Int64(values[0]), let boot = Int64(values[1]) else {
        continue
      }
      let since = Moment(wall: wall, boot: boot, bootID: bootID)
      switch (parts[0], values.count) {
      case ("back_off", 5):
        guard let pause = Int64(values[2]), pause > 0 else { continue }
        backOff = BackOff(
          since: since, pause: pause, reason: String(values[4]),
          isUnusable: values[3] == "unusable")
      case ("refresh_claim", 3):
        refreshClaim = Int64(values[2]).map { RefreshClaim(since: since, pause: $0) }
      case ("rejected", 5):
        guard let on = Int64(values[3]), on >= 0, let count = Int64(values[4]) else { continue }
        rejections.append(
          Rejected(
            fingerprint: String(values[2]),
            rejection: Rejection(on: on, ambiguousCount: count > 0 ? count : nil), since: since))
      default: continue
      }
    }
    self.init(backOff: backOff, refreshClaim: refreshClaim, rejections: rejections)
  }
}

extension Moment {
  fileprivate var text: String { "\(wall) \(boot)" }
}
