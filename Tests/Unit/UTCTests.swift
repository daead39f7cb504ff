import MetiToken
import Testing

struct UTCTests {
  @Test(
    arguments: [
      (0, "1970-01-01T00:00:00Z"),
      (951_782_400, "2000-02-29T00:00:00Z"),
      (1_795_453_200, "2026-11-23T17:00:00Z"),
      (253_402_300_799, "9999-12-31T23:59:59Z"),
    ] as [(Int64, String)])
  func `seconds since 1970 are written as RFC 3339 in UTC`(seconds: Int64, text: String) {
    #expect(UTC.text(seconds) == text)
  }
}
