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
    guard text.utf8.allSatisfy(\.isOfURL) else { throw .notPrintableASCII }
    guard !text.utf8.contains(UInt8(ascii: "#")) else { throw .fragment }
    server = try APIURL(Self.base(of: text))
    self.text = text
  }

  /// What stands before the path and the query.
  private static func base(of text: String) -> String {
    let text = text.utf8
    // Behind `https://`, or what ``APIURL`` refuses.
    let slashes = text.indices.filter { text[$0] == UInt8(ascii: "/") }.prefix(2)
    let authority = slashes.last.map { text.index(after: $0) } ?? text.startIndex
    let end = text[authority...].firstIndex { "/?".utf8.contains($0) } ?? text.endIndex
    return String(text[..<end]) ?? ""
  }
}
