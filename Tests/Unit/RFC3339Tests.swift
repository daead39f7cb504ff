import HelperProtocols
import Testing

@Suite struct RFC3339Tests {
  @Test(arguments: [
    (Int64(0), "1970-01-01T00:00:00Z"),
    (-1, "1969-12-31T23:59:59Z"),
    (59, "1970-01-01T00:00:59Z"),
    (86_399, "1970-01-01T23:59:59Z"),
    (951_782_399, "2000-02-28T23:59:59Z"),
    (951_782_400, "2000-02-29T00:00:00Z"),
    (951_868_800, "2000-03-01T00:00:00Z"),
    (1_709_164_800, "2024-02-29T00:00:00Z"),
    (1_795_453_200, "2026-11-23T17:00:00Z"),
    (1_798_761_599, "2026-12-31T23:59:59Z"),
    (2_147_483_648, "2038-01-19T03:14:08Z"),
    (4_107_542_399, "2100-02-28T23:59:59Z"),
    (4_107_542_400, "2100-03-01T00:00:00Z"),
    (-62_167_219_200, "0000-01-01T00:00:00Z"),
    (-62_162_035_201, "0000-02-29T23:59:59Z"),
    (253_402_300_799, "9999-12-31T23:59:59Z"),
  ])
  func `an instant is written in UTC to the second`(seconds: Int64, text: String) throws {
    #expect(try RFC3339.utc(epochSeconds: seconds) == text)
  }

  @Test(arguments: [-62_167_219_201, 253_402_300_800, Int64.min, Int64.max])
  func `a year that takes more than four digits is out of range`(seconds: Int64) {
    #expect(throws: RFC3339.OutOfRange.self) { try RFC3339.utc(epochSeconds: seconds) }
  }

  @Test func `every day of four centuries follows the one before`() throws {
    var year = 1900
    var month = 1
    var day = 1
    for index in 0..<Int64(146_097) {
      let text = try RFC3339.utc(epochSeconds: -2_208_988_800 + index * 86_400)
      let monthAndDay = "\(month < 10 ? "0" : "")\(month)-\(day < 10 ? "0" : "")\(day)"
      guard text == "\(year)-\(monthAndDay)T00:00:00Z" else {
        Issue.record("\(text) is not \(year)-\(month)-\(day)")
        return
      }
      let isLeap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
      let lengths = [31, isLeap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
      day += 1
      if day > lengths[month - 1] { (month, day) = (month + 1, 1) }
      if month > 12 { (year, month) = (year + 1, 1) }
    }
    #expect(year == 2300 && month == 1 && day == 1)
  }
}
