/// The token endpoint of an OAuth 2.0 client (RFC 6749, 3.2), as it was given: what its path and its
/// query mean is its server's own business, so neither is changed.
///
/// Only https is accepted; plain http only for loopback.
public struct TokenURL: Equatable, Sendable {
  /// Printable ASCII, without a fragment.
  public let text: String
  /// Scheme, host and port: whom one talks to.
  public let server: APIURL

  /// - Throws: what ``APIURL`` throws, a query apart, which RFC 6749 allows here.
  public init(_ text: String) throws(APIURLError) {
    guard text.utf8.allSatisfy(\.isOfURL), !text.contains("#") else { throw .malformed }
    let start = text.firstRange(of: "://")?.upperBound ?? text.startIndex
    let end = text[start...].firstIndex { "/?".contains($0) } ?? text.endIndex
    server = try APIURL(String(text[..<end]))
    self.text = text
  }
}
