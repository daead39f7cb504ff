import FoundationEssentials
import NIOCore

/// An HTTP response that is followed by the end of the connection.
struct Response {
  var status: Int
  var fields: [(String, String)] = []
  var body: [UInt8]
  /// What Content-Length says, where that is not the body's length.
  var announcedLength: Int?

  init(_ status: Int, fields: [(String, String)] = [], json: String) {
    self.init(status, type: "application/json", fields: fields, body: Array(json.utf8))
  }

  init(_ status: Int, type: String, fields: [(String, String)] = [], body: [UInt8]) {
    self.status = status
    self.fields = [("Content-Type", type)] + fields
    self.body = body
  }

  init(_ status: Int, fields: [(String, String)] = [], encoding value: some Encodable) {
    let json = (try? Response.encoder.encode(value)).map { String(decoding: $0, as: UTF8.self) }
    self.init(status, fields: fields, json: json ?? "null")
  }

  private static var encoder: JSONEncoder {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    return encoder
  }

  /// The bytes on the wire. `date` is the time the server believes it is.
  func bytes(date: Date) -> ByteBuffer {
    var text = "HTTP/1.1 \(status) \(Response.reasons[status] ?? "Scripted")\r\n"
    text += "Date: \(date.imfFixdate)\r\n"
    for (name, value) in fields {
      text += "\(name): \(value)\r\n"
    }
    text += "Content-Length: \(announcedLength ?? body.count)\r\nConnection: close\r\n\r\n"
    var buffer = ByteBuffer(string: text)
    buffer.writeBytes(body)
    return buffer
  }

  private static let reasons = [
    200: "OK", 302: "Found", 307: "Temporary Redirect", 400: "Bad Request",
    401: "Unauthorized", 403: "Forbidden", 404: "Not Found", 405: "Method Not Allowed",
    429: "Too Many Requests", 500: "Internal Server Error", 503: "Service Unavailable",
  ]
}

extension Date {
  /// The date format of RFC 9110, section 5.6.7: `Sun, 06 Nov 1994 08:49:37 GMT`.
  fileprivate var imfFixdate: String {
    var calendar = Calendar(identifier: .gregorian)
    calendar.timeZone = .gmt
    let part = calendar.dateComponents(
      [.weekday, .day, .month, .year, .hour, .minute, .second], from: self)
    func two(_ number: Int?) -> String {
      let number = number ?? 0
      return number < 10 ? "0\(number)" : "\(number)"
    }
    let weekdays = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"]
    let months = [
      "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ]
    let day = "\(two(part.day)) \(months[(part.month ?? 1) - 1]) \(part.year ?? 0)"
    let time = "\(two(part.hour)):\(two(part.minute)):\(two(part.second))"
    return "\(weekdays[(part.weekday ?? 1) - 1]), \(day) \(time) GMT"
  }
}
