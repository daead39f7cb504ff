import Testing

@testable import TokenEndpoint

@Suite struct `Retry-After` {
  @Test(
    arguments: [
      ("0", 0), ("7", 7), ("0120", 120), ("31622400", 31_622_400),
    ] as [(String, Int64)])
  func `in seconds is taken as it is`(_ value: String, _ seconds: Int64) {
    #expect(RetryAfter.seconds(value, date: nil, now: 0) == seconds)
  }

  @Test(arguments: [
    "", "-1", "+5", "1.5", "5s", "soon", "31622401", "99999999999999999999", "0x10", "٣",
    "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994",
  ])
  func `that makes no sense is not followed`(_ value: String) {
    #expect(RetryAfter.seconds(value, date: nil, now: 0) == nil)
  }

  static let end = "Sun, 06 Nov 1994 08:49:37 GMT"

  @Test func `as a date counts from the answer's own date`() {
    let date = "Sun, 06 Nov 1994 08:49:07 GMT"
    #expect(RetryAfter.seconds(Self.end, date: date, now: 2_000_000_000) == 30)
  }

  @Test(arguments: [nil, "yesterday"])
  func `as a date counts from the wall clock where the answer has none`(_ date: String?) {
    #expect(RetryAfter.seconds(Self.end, date: date, now: 784_111_770) == 7)
  }

  @Test func `as a date in the past is not followed`() {
    #expect(RetryAfter.seconds(Self.end, date: nil, now: 784_111_778) == nil)
  }

  @Test(
    arguments: [
      ("Thu, 01 Jan 1970 00:00:00 GMT", 0), ("Sun, 06 Nov 1994 08:49:37 GMT", 784_111_777),
      ("Tue, 29 Feb 2000 23:59:59 GMT", 951_868_799),
      ("Wed, 01 Mar 2000 00:00:00 GMT", 951_868_800),
      ("Mon, 01 Mar 2100 00:00:00 GMT", 4_107_542_400),
      ("Fri, 31 Dec 1999 23:59:60 GMT", 946_684_800),
      ("Fri, 31 Dec 9999 23:59:59 GMT", 253_402_300_799),
    ] as [(String, Int64)])
  func `reads dates`(_ text: String, _ seconds: Int64) {
    #expect(RetryAfter.fixdate(text) == seconds)
  }

  @Test(arguments: [
    "Sun, 06 Nov 1994 24:49:37 GMT", "Sun, 06 Nov 1994 08:60:37 GMT",
    "Sun, 00 Nov 1994 08:49:37 GMT",
    "Sun, 32 Nov 1994 08:49:37 GMT", "Sun, 06 Foo 1994 08:49:37 GMT",
    "Sun, 06 ovD 1994 08:49:37 GMT",
    "Sun, 06 Nov 1994 08:49:37 UTC", "Sun, 6 Nov 1994 08:49:37 GMT",
    "Sun, 06 Nov 1994 08:49:61 GMT",
    "Sun, 06 Nov 1994 08:49:37 GMT ",
  ])
  func `refuses what is no date`(_ text: String) {
    #expect(RetryAfter.fixdate(text) == nil)
  }
}
