import FoundationEssentials
import Synchronization

/// The `get` of the EngFlow credential-helper spec, which Bazel speaks: `{"uri": "https://…"}` is
/// answered with the header to send.
public enum EngFlow {
  /// The `uri` of a request, about which ``APIURL/serves(uri:)`` decides. Other members are ignored.
  public static func uri(of request: RawSpan) throws(MalformedRequest) -> String {
    guard request.byteCount <= HelperRequest.longest else { throw .tooLong }
    // The decoder also reads UTF-16, which has NUL bytes, and skips a byte order mark.
    guard let text = request.text, !text.utf8.contains(0),
      text.utf8.first(where: { !$0.isJSONWhiteSpace }) == UInt8(ascii: "{")
    else { throw .notJSON }
    // The decoder uses the first of equal names without an error, but converts each.
    let count = Atomic(0)
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .custom { path in
      let name = path[path.count - 1]
      if path.count == 1, name.stringValue.utf8.elementsEqual("uri".utf8) {
        count.add(1, ordering: .relaxed)
      }
      return name
    }
    guard let uri = try? decoder.decode(Request.self, from: Data(text.utf8)).uri,
      count.load(ordering: .relaxed) == 1
    else { throw .notJSON }
    return uri
  }

  private struct Request: Decodable {
    let uri: String
  }

  /// `{"headers":{"Authorization":["Bearer TOKEN"]},"expires":"2026-11-23T17:00:00Z"}`.
  /// - Returns: `nil` if the token needs an escape, or ends in a year that RFC 3339 cannot write.
  public static func answer(_ token: borrowing Token, at now: Moment) -> Secret? {
    let end = token.expiry.epochSeconds(at: now)
    guard token.secret.withBytes({ Token.isLegal($0) }), (0...Lifetime.latestExpiry).contains(end)
    else { return nil }
    var answer = Secret(copying: "{\"headers\":{\"Authorization\":[\"Bearer ")
    token.secret.withBytes { answer.append($0) }
    answer.append("\"]},\"expires\":\"\(UTC.text(end))\"}")
    return answer
  }
}
