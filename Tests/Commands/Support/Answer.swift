import Foundation

/// What the mock's token endpoints answer to a request.
indirect enum Answer: Sendable {
  /// As METI does: a token for the right credentials, an error for anything else.
  case issue
  /// The same, with the fields of this JSON object in place of METI's; null removes one.
  case issueWith(fields: String)
  /// The same, but the token's `exp` is so many seconds away, whatever `expires_in` says.
  case issueExpiring(seconds: Int)
  /// A response with this status, these extra header fields and this JSON text.
  ///
  /// In a field's value `{imf:N}`, `{rfc850:N}` and `{asctime:N}` become the time N seconds from
  /// now, in the three forms of RFC 9110, section 5.6.7, and `{epoch:N}` its seconds since 1970.
  case status(Int, headers: [(String, String)] = [], body: String = #"{"error":"scripted"}"#)
  /// A 200 with this JSON text.
  case body(String)
  /// A page of HTML with this status and these extra header fields.
  case html(Int, headers: [(String, String)] = [])
  /// These bytes in place of an HTTP response; then the connection is closed.
  case raw([UInt8])
  /// A 307, which asks the client to send the credentials again, to this URL.
  case redirect(to: String)
  /// A 200 whose body has this many bytes, a valid token among them.
  case oversized(bytes: Int)
  /// A 200 that promises more bytes than are sent before the connection is closed.
  case truncated
  /// The connection is closed without an answer.
  case close
  /// The connection is reset without an answer.
  case reset
  /// The connection stays open, and nothing is ever said.
  case silence
  /// The connection is closed before TLS begins; only for an outage.
  case drop
  /// The connection stays open, and TLS does not begin; only for an outage.
  case hang
  /// The other answer, so many seconds later.
  case delay(seconds: Double, then: Answer)
  /// The other answer, once the test calls `release`.
  case held(then: Answer)
  /// The other answer, compressed with gzip, which nobody has asked for.
  case compressed(Answer)
  /// The other answer, after a UTF-8 byte order mark.
  case byteOrderMark(Answer)
  /// The other answer, whose `Date` is so many seconds ahead of the server's clock.
  case dated(seconds: Double, Answer)
  /// So many bytes of the other answer, its head included, and then this end.
  case cut(bytes: Int, Answer, end: End)

  enum End: String, Sendable {
    case close
    /// FIN without TLS's close_notify.
    case fin
    case reset, silence
  }

  /// A compressed body that has this many bytes when it is unpacked, a valid token among them.
  static func gzipBomb(bytes: Int) -> Answer {
    .compressed(.oversized(bytes: bytes))
  }

  /// An error of RFC 6749, section 5.2, or one that authorization servers add to them.
  static func oauth(
    _ status: Int, error: String, description: String = "As scripted",
    headers: [(String, String)] = []
  ) -> Answer {
    .status(
      status, headers: headers,
      body: #"{"error":"\#(error)","error_description":"\#(description)"}"#)
  }

  /// An error as gateways answer it: `{"message":"Forbidden"}`.
  static func message(_ status: Int, _ text: String) -> Answer {
    .status(status, body: #"{"message":"\#(text)"}"#)
  }
}

extension Answer {
  /// The answer as Tests/Servers/mock-meti takes it, which says what each field means.
  struct Fields: Encodable {
    var status: Int?
    var body: String?
    var type: String?
    var headers: [[String]]?
    var raw: Data?
    var fields: String?
    var exp: Int?
    var size: Int?
    var bom: Bool?
    var gzip: Bool?
    var date: Double?
    var lacks: Int?
    var delay: Double?
    var held: Bool?
    var cut: Int?
    var end: String?
    var early: Bool?
  }

  var fields: Fields {
    switch self {
    case .issue: Fields()
    case .issueWith(let fields): Fields(fields: fields)
    case .issueExpiring(let seconds): Fields(exp: seconds)
    case .status(let status, let headers, let body):
      Fields(status: status, body: body, headers: headers.map { [$0.0, $0.1] })
    case .body(let text): Fields(body: text)
    case .html(let status, let headers):
      Fields(
        status: status, body: "<!DOCTYPE html>\n<html><body>\(status)</body></html>\n",
        type: "text/html; charset=utf-8", headers: headers.map { [$0.0, $0.1] })
    case .raw(let bytes): Fields(raw: Data(bytes))
    case .redirect(let url): Fields(status: 307, body: "{}", headers: [["Location", url]])
    case .oversized(let bytes): Fields(size: bytes)
    case .truncated: Fields(lacks: 1024)
    case .close: Fields(cut: 0)
    case .reset: Fields(cut: 0, end: "reset")
    case .silence: Fields(cut: 0, end: "silence")
    case .drop: Fields(cut: 0, end: "fin", early: true)
    case .hang: Fields(cut: 0, end: "silence", early: true)
    case .delay(let seconds, let then): then.with { $0.delay = ($0.delay ?? 0) + seconds }
    case .held(let then): then.with { $0.held = true }
    case .compressed(let answer): answer.with { $0.gzip = true }
    case .byteOrderMark(let answer): answer.with { $0.bom = true }
    case .dated(let seconds, let answer): answer.with { $0.date = seconds }
    case .cut(let bytes, let answer, let end):
      answer.with {
        $0.cut = bytes
        $0.end = end.rawValue
      }
    }
  }

  private func with(_ change: (inout Fields) -> Void) -> Fields {
    var fields = fields
    change(&fields)
    return fields
  }
}
