/// What the token endpoints answer to a request.
public indirect enum Answer: Sendable {
  /// As METI does: a token for the right credentials, an error for anything else.
  case issue
  /// A response with this status, these extra header fields and this JSON text.
  case status(Int, headers: [(String, String)] = [], body: String = #"{"error":"scripted"}"#)
  /// A 200 with this JSON text.
  case body(String)
  /// These bytes in place of an HTTP response; then the connection is closed.
  case raw([UInt8])
  /// A 307, which asks the client to send the credentials again, to this URL.
  case redirect(to: String)
  /// A 200 whose body has this many bytes, a valid token among them.
  case oversized(bytes: Int)
  /// A 200 that promises more bytes than are sent before the connection is closed.
  case truncated
  /// The connection is closed without a word.
  case close
  /// The connection stays open, and nothing is ever said.
  case silence
  /// The other answer, so many seconds later.
  case delay(seconds: Double, then: Answer)
}

/// How a token and its lifetime are spelled in an answer with a token.
public enum AnswerStyle: Sendable {
  /// As documented: `token`, and `expires_in` as a number. OAuth 2.0's answers have `access_token`.
  case documented
  /// As seen in the wild: `access_token`, and `expires_in` as a string.
  case loose
  /// A `token`, and no `expires_in`.
  case withoutLifetime
}

/// A request as it was received.
public struct ReceivedRequest: Sendable, Equatable {
  public let method: String
  /// The path and the query.
  public let target: String
  /// The value of `Authorization`, or nil where the request had none.
  public let authorization: String?
  /// The names, in lower case, and values of all header fields, in their order.
  public let fields: [Field]
  public let bodyBytes: Int

  public struct Field: Sendable, Equatable {
    public let name: String
    public let value: String
  }

  /// The value of the first header field of this name, given in lower case.
  public func field(_ name: String) -> String? {
    fields.first { $0.name == name }?.value
  }

  /// The target without its query.
  public var path: String {
    String(target.prefix { $0 != "?" })
  }
}
