import MetiToken

/// The URLs that a token may be sent to: those on the API's origin.
enum CurlURL {
  /// `text` as curl is to be given it: beginning with the API's origin, byte for byte, so that
  /// curl and this program cannot read it differently. A path is put behind the API URL.
  ///
  /// No URL parser is used. All has to be printable ASCII without a backslash; scheme, host and
  /// port are what comes before the first slash, and must be the API's. Braces and brackets, which
  /// curl expands, can so stand in the path and the query alone.
  static func resolve(_ text: [UInt8], at api: APIURL) throws(Failure) -> [UInt8] {
    let slash = UInt8(ascii: "/")
    guard text.allSatisfy({ $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "\\") }) else {
      throw .usage(
        "a URL holds a space, a control character, a backslash or something outside ASCII",
        hint: "write it percent-encoded")
    }
    if text.first == slash {
      // Two slashes would name a host.
      guard !text.starts(with: [slash, slash]) else { throw elsewhere(api) }
      return Array(api.text.utf8) + text
    }
    let marker = Array("://".utf8)
    guard let scheme = text.firstRange(of: marker) else { throw elsewhere(api) }
    let path = text[scheme.upperBound...].drop { $0 != slash }
    let origin = String(decoding: text.dropLast(path.count), as: UTF8.self)
    guard let other = try? APIURL(origin), other.scheme == api.scheme, other.host == api.host,
      other.port == api.port
    else { throw elsewhere(api) }
    return Array(api.origin.utf8) + path
  }

  private static func elsewhere(_ api: APIURL) -> Failure {
    .usage(
      "a URL is not on \(api.origin), and a token must not be sent elsewhere",
      hint: "give a path such as /sources, or set METI_API_URL")
  }
}
