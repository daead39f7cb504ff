/// Why the request of another program is refused, in words. None has any of the input, which must not
/// reach a terminal (CVE-2024-50349).
public enum MalformedRequest: String, Error, CaseIterable {
  /// Longer than ``RequestAccumulator/longest``.
  case tooLarge = "the credential request is too large"

  // git-credential(1).
  /// Longer than ``RequestAccumulator/longestLine``.
  case lineTooLong = "a line of the credential request is too long"
  case noEqualsSign = "a line of the credential request has no ="
  case emptyKey = "a line of the credential request has no key"
  case carriageReturn = "the credential request has a carriage return inside a line"
  case nul = "the credential request has a NUL byte"
  /// A single-valued key came twice with different values, or `url` differs from its parts.
  case contradiction = "the credential request contradicts itself"
  /// The value of `url` has no protocol, or hides a line break or NUL in an escape.
  case unusableURL = "the credential request has an unusable url"

  // EngFlow credential-helper spec.
  case notJSON = "the credential request is not a JSON object in UTF-8"
  case missingURI = "the credential request has no uri"
  case duplicateURI = "the credential request has more than one uri"
  case uriIsNotAString = "the uri of the credential request is not a string"
}
