/// The body of a stored item: the secret on the first line, then `key=value` lines.
///
/// git-credential-libsecret uses the same form, which is readable in Seahorse. The expiry is stored
/// here and not in an attribute, so that one step replaces it together with the secret. Unknown keys and lines without `=` are ignored; of a repeated key the first one counts.
public struct StoredBody: ~Copyable, Sendable {
  private var bytes: Secret
  /// Where the secret ends, in bytes.
  private let end: Int

  /// The longest body that is read or written: what every provider holds, in bytes, with room for
  /// the longest token.
  public static let longest = 20 * 1024

  /// Reads a body; `nil` when it is too long, or its first line is empty: an empty secret is what
  /// a killed provider leaves behind, and is as good as none.
  public init?(_ body: consuming Secret) {
    guard body.count <= Self.longest else { return nil }
    let end = body.withBytes { $0.lineEnd(from: 0) }
    guard end > 0 else { return nil }
    bytes = body
    self.end = end
  }

  /// The value of `key`; `nil` when there is none, or it is not UTF-8.
  public func text(_ key: StaticString) -> String? {
    bytes.withBytes { bytes in
      guard let range = bytes.value(of: key, from: end + 1) else { return nil }
      return bytes.extracting(range).text
    }
  }

  /// The value of `key` where it is a decimal number, at most 18 digits, without a sign.
  public func number(_ key: StaticString) -> Int64? {
    guard let text = text(key), text.utf8.count <= 18, text.utf8.allSatisfy(\.isDigit) else {
      return nil
    }
    return Int64(text)
  }

  /// The secret alone; the rest is wiped.
  public consuming func secret() -> Secret {
    bytes.truncate(to: end)
    return bytes
  }

  /// Packs `secret` and `fields`. No value here may hold a line feed; account names, URLs and
  /// numbers cannot.
  public static func pack(
    _ secret: borrowing Secret, _ fields: KeyValuePairs<String, String?>
  ) -> Secret {
    var body = secret.duplicate()
    body.append(UInt8(ascii: "\n"))
    for (key, value) in fields {
      guard let value else { continue }
      body.append("\(key)=\(value)\n")
    }
    return body
  }
}

extension RawSpan {
  /// These bytes as text; `nil` when they are not UTF-8.
  public var text: String? {
    let bytes = Span<UInt8>(_bytes: self)
    guard let checked = try? UTF8Span(validating: bytes) else { return nil }
    return String(copying: checked)
  }

  /// The index of the first line feed from `start` on, or the end.
  func lineEnd(from start: Int) -> Int {
    Span<UInt8>(_bytes: self).firstIndex(of: UInt8(ascii: "\n"), from: start) ?? byteCount
  }

  /// Where the value of the first line `key=…` from `start` on stands.
  fileprivate func value(of key: StaticString, from start: Int) -> Range<Int>? {
    var start = start
    while start < byteCount {
      let end = lineEnd(from: start)
      if begins(with: key, from: start, to: end) {
        return (start + key.utf8CodeUnitCount + 1)..<end
      }
      start = end + 1
    }
    return nil
  }

  /// Whether the line holds `key` and an equals sign at its beginning.
  private func begins(with key: StaticString, from start: Int, to end: Int) -> Bool {
    let count = key.utf8CodeUnitCount
    guard end - start > count, byte(at: start + count) == UInt8(ascii: "=") else { return false }
    for index in 0..<count where unsafe byte(at: start + index) != key.utf8Start[index] {
      return false
    }
    return true
  }
}
