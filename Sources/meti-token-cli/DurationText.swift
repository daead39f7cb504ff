/// A length of time in words.
enum DurationText {
  /// Seconds as `45 seconds`, `59 minutes`, `1 hour 5 minutes`, `2 days 3 hours`.
  static func of(_ seconds: Int64) -> String {
    func unit(_ count: Int64, _ name: String) -> String {
      "\(count) \(name)\(count == 1 ? "" : "s")"
    }
    func pair(_ large: Int64, _ largeName: String, _ small: Int64, _ smallName: String) -> String {
      small == 0 ? unit(large, largeName) : "\(unit(large, largeName)) \(unit(small, smallName))"
    }
    switch seconds {
    case ..<120: return unit(max(seconds, 0), "second")
    case ..<3600: return unit(seconds / 60, "minute")
    case ..<86400: return pair(seconds / 3600, "hour", seconds % 3600 / 60, "minute")
    default: return pair(seconds / 86400, "day", seconds % 86400 / 3600, "hour")
    }
  }
}
