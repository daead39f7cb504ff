/// Why a value cannot be put into an answer. No case carries the value.
public enum UnwritableValue: Error, Equatable, CaseIterable, CustomStringConvertible {
  /// The value has a line feed, a carriage return or a NUL, and would become other attributes.
  case lineBreakOrNUL
  /// The line would be longer than `RequestLimits.line`, past which git misreads it.
  case lineTooLong
  /// The token is empty.
  case emptyToken
  /// The token is not a `b64token` of RFC 6750, section 2.1.
  case notABearerToken
  /// The expiry lies before 1970, or after the year 9999 where it is written as a date.
  case expiryOutOfRange

  public var description: String {
    switch self {
    case .lineBreakOrNUL: "a value of the answer has a line break or a NUL byte"
    case .lineTooLong: "a line of the answer is too long"
    case .emptyToken: "the token is empty"
    case .notABearerToken: "the token is not a bearer token"
    case .expiryOutOfRange: "the expiry is out of range"
    }
  }
}
