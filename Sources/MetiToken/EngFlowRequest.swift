/// What Bazel and its like ask for: the `get` request of the EngFlow credential-helper spec,
/// `{"uri": "https://…"}`.
public struct EngFlowRequest: Equatable, Sendable {
  /// The value of `uri` with its escapes resolved, in UTF-8. Ask `CredentialHost` whose it is.
  public let uri: [UInt8]

  /// Reads one JSON object (RFC 8259) with nothing but white space around it. Members other than
  /// `uri` are ignored, but must be JSON.
  public init(_ bytes: Span<UInt8>) throws(Malformed) {
    guard bytes.count <= RequestLimits.request else { throw .tooLarge }
    guard (try? UTF8Span(validating: bytes)) != nil else { throw .invalidUTF8 }

    var reader = JSONReader()
    var uri: [UInt8]?
    reader.skipWhiteSpace(in: bytes)
    guard reader.peek(in: bytes) == ASCII.openBrace else { throw .notAnObject }
    try reader.readObject(in: bytes, depth: 1) { (reader, key) throws(Malformed) in
      // The key has its escapes resolved: `"\u0075ri"` is the same member.
      guard key.span.isSame(as: "uri") else {
        return try reader.skipValue(in: bytes, depth: 1)
      }
      guard uri == nil else { throw .duplicateURI }
      guard reader.peek(in: bytes) == ASCII.quote else { throw .uriIsNotAString }
      uri = try reader.readString(in: bytes)
    }
    reader.skipWhiteSpace(in: bytes)
    guard reader.position == bytes.count else { throw .trailingText }
    guard let uri else { throw .missingURI }
    self.uri = uri
  }
}

extension EngFlowRequest {
  /// Why a request is refused. No case carries any of the input.
  public enum Malformed: Error, Equatable, CaseIterable, CustomStringConvertible {
    /// The request is longer than `RequestLimits.request`.
    case tooLarge
    /// The request is not UTF-8.
    case invalidUTF8
    /// The request is not a JSON object.
    case notAnObject
    /// The request breaks the grammar of RFC 8259.
    case notJSON
    /// The request ends before its object does.
    case truncated
    /// The request nests deeper than `RequestLimits.nesting`.
    case tooDeep
    /// A string has an unknown escape or half of a surrogate pair.
    case badEscape
    /// Something follows the object.
    case trailingText
    /// The object has no `uri`.
    case missingURI
    /// The object has more than one `uri`.
    case duplicateURI
    /// The value of `uri` is not a string.
    case uriIsNotAString

    public var description: String {
      switch self {
      case .tooLarge: "the credential request is too large"
      case .invalidUTF8: "the credential request is not UTF-8"
      case .notAnObject: "the credential request is not a JSON object"
      case .notJSON: "the credential request is not JSON"
      case .truncated: "the credential request ends too early"
      case .tooDeep: "the credential request is nested too deep"
      case .badEscape: "the credential request has a bad escape in a string"
      case .trailingText: "the credential request has text after its object"
      case .missingURI: "the credential request has no uri"
      case .duplicateURI: "the credential request has more than one uri"
      case .uriIsNotAString: "the uri of the credential request is not a string"
      }
    }
  }
}
