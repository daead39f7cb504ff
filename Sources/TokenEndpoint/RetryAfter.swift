/// Retry-After (RFC 9110, 10.2.3): how long a server asks to be left alone.
enum RetryAfter {
  /// What asks for more than a year, in seconds, is a mistake, and counts as not said.
  static let longest: Int64 = 366 * 86400

  /// Seconds from now; `nil` where the header says nothing that can be followed.
  ///
  /// - Parameters:
  ///   - value: delta-seconds or an IMF-fixdate; the two obsolete forms of a date are not read.
  ///   - date: the answer's Date header, which a date counts from: it has the server's clock.
  ///   - now: the wall clock, in seconds since 1970, where there is no usable `date`.
  static func seconds(_ value: String, date: String?, now: Int64) -> Int64? {
    let seconds: Int64
    if let delta = decimal(value.utf8[...]) {
      seconds = delta
    } else if let end = fixdate(value) {
      seconds = end - (date.flatMap(fixdate) ?? now)
    } else {
      return nil
    }
    return (0...longest).contains(seconds) ? seconds : nil
  }

  /// Seconds since 1970 of an IMF-fixdate (RFC 9110, 5.6.7), `Sun, 06 Nov 1994 08:49:37 GMT`;
  /// `nil` where it is none. The name of the day is not checked against the date.
  static func fixdate(_ text: String) -> Int64? {
    let bytes = Array(text.utf8)
    let shape = Array("???, ## ??? #### ##:##:## GMT".utf8)
    guard bytes.count == shape.count else { return nil }
    for (byte, expected) in zip(bytes, shape) {
      switch expected {
      case UInt8(ascii: "?"): guard isLetter(byte) else { return nil }
      case UInt8(ascii: "#"): guard isDigit(byte) else { return nil }
      default: guard byte == expected else { return nil }
      }
    }
    let months = "JanFebMarAprMayJunJulAugSepOctNovDec".utf8
    let month = (0..<12).first { months.dropFirst($0 * 3).prefix(3).elementsEqual(bytes[8..<11]) }
    func number(_ range: Range<Int>) -> Int64 {
      bytes[range].reduce(0) { $0 * 10 + Int64($1 - UInt8(ascii: "0")) }
    }
    let (day, hour, minute, second) = (
      number(5..<7), number(17..<19), number(20..<22), number(23..<25)
    )
    guard let month, (1...31).contains(day), hour < 24, minute < 60, second <= 60 else {
      return nil
    }
    let days = daysSince1970(year: number(12..<16), month: Int64(month) + 1, day: day)
    return ((days * 24 + hour) * 60 + minute) * 60 + second
  }

  /// Of the proleptic Gregorian calendar, with years that begin in March, so that the leap day is
  /// the last one.
  private static func daysSince1970(year: Int64, month: Int64, day: Int64) -> Int64 {
    let year = month <= 2 ? year - 1 : year
    let dayOfYear = (153 * ((month + 9) % 12) + 2) / 5 + day - 1
    let leapDays = year.floored(by: 4) - year.floored(by: 100) + year.floored(by: 400)
    return year * 365 + leapDays + dayOfYear - 719_468
  }

  private static func decimal(_ digits: Substring.UTF8View) -> Int64? {
    guard !digits.isEmpty, digits.allSatisfy(isDigit) else { return nil }
    return Int64(String(Substring(digits)))
  }

  private static func isDigit(_ byte: UInt8) -> Bool {
    byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9")
  }

  private static func isLetter(_ byte: UInt8) -> Bool {
    let lower = byte | 0x20
    return lower >= UInt8(ascii: "a") && lower <= UInt8(ascii: "z")
  }
}

extension Int64 {
  fileprivate func floored(by divisor: Int64) -> Int64 {
    let (quotient, remainder) = quotientAndRemainder(dividingBy: divisor)
    return remainder < 0 ? quotient - 1 : quotient
  }
}
