/// Times of day on the wire.
public enum RFC3339 {
  /// The time is outside the years 0000 to 9999, which is all the format can say.
  public struct OutOfRange: Error, Equatable {}

  /// The instant as RFC 3339, section 5.6, writes it: `2026-11-23T17:00:00Z`, in UTC, to the
  /// second.
  ///
  /// - Parameter epochSeconds: Seconds since 1970-01-01T00:00:00Z, leap seconds not counted.
  public static func utc(epochSeconds: Int64) throws(OutOfRange) -> String {
    let yearZero: Int64 = -62_167_219_200
    let endOfYear9999: Int64 = 253_402_300_799
    guard (yearZero...endOfYear9999).contains(epochSeconds) else { throw OutOfRange() }

    // Counted from year zero nothing below is negative, so division rounds the right way.
    let seconds = epochSeconds - yearZero
    let date = civilDate(daysSinceYearZero: seconds / 86_400)
    let time = seconds % 86_400
    return padded(date.year, to: 4) + "-" + padded(date.month, to: 2) + "-"
      + padded(date.day, to: 2) + "T" + padded(time / 3600, to: 2) + ":"
      + padded(time / 60 % 60, to: 2) + ":" + padded(time % 60, to: 2) + "Z"
  }

  /// The date in the proleptic Gregorian calendar, after Howard Hinnant's `civil_from_days`. Years
  /// are taken to begin in March, which puts the leap day last.
  private static func civilDate(
    daysSinceYearZero days: Int64
  ) -> (year: Int64, month: Int64, day: Int64) {
    let daysInEra: Int64 = 146_097
    // From a 1 March 400 years back, so that January and February of year zero have one before.
    let shifted = days - 60 + daysInEra
    let dayOfEra = shifted % daysInEra
    let yearOfEra =
      (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let monthFromMarch = (5 * dayOfYear + 2) / 153
    let day = dayOfYear - (153 * monthFromMarch + 2) / 5 + 1
    let month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
    let year = (shifted / daysInEra - 1) * 400 + yearOfEra + (month <= 2 ? 1 : 0)
    return (year, month, day)
  }

  private static func padded(_ number: Int64, to width: Int) -> String {
    let digits = String(number)
    return String(repeating: "0", count: width - digits.utf8.count) + digits
  }
}
