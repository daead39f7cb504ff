/// Why the request of another program is refused, in words. None has any of the input, which must not
/// reach a terminal (CVE-2024-50349).
public enum MalformedRequest: String, Error, CaseIterable {
  /// Longer than ``HelperRequest/longest``, or a line longer than ``HelperRequest/longestLine``.
  case tooLong = "the credential request, or one of its lines, is too long"
  /// Without `=` or a key, or with a carriage return or a NUL.
  case malformedLine = "a line of the credential request is malformed"
  /// A key came twice with different values, or `url` differs from its parts.
  case contradiction = "the credential request contradicts itself"
  /// The value of `url` has no protocol, or hides a line break or NUL in an escape.
  case unusableURL = "the credential request has an unusable url"
  /// Not EngFlow's request.
  case notJSON = "the credential request is not a JSON object in UTF-8 with one uri, a string"
}
