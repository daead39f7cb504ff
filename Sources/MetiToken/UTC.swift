import FoundationEssentials

/// Points in time as RFC 3339 writes them, in UTC.
public enum UTC {
  /// Seconds since 1970 as `2026-11-23T17:00:00Z`.
  public static func text(_ epochSeconds: Int64) -> String {
    Date(timeIntervalSince1970: Double(epochSeconds)).formatted(.iso8601)
  }
}
