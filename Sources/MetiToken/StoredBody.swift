/// The body of a stored item: the secret on the first line, then `key=value` lines.
///
/// git-credential-libsecret uses the same form, which is readable in Seahorse. The expiry is stored here
/// and not in an attribute, so that one step replaces it together with the secret. Unknown keys and lines
/// without `=` are ignored; of a repeated key the first one counts.
struct StoredBody: ~Copyable {
  let secret: Secret
  private var fields: [String: String] = [:]

  /// The longest body that is read, in bytes: the longest token and its fields, which every provider
  /// holds.
  static let longest = 20 * 1024

  /// Reads a body; `nil` when it is too long, its fields are not UTF-8, or its first line is empty: an
  /// empty secret is what a killed provider leaves behind, and is as good as none.
  init?(_ body: consuming Secret) {
    guard body.count <= Self.longest else { return nil }
    let end = body.withBytes { $0.firstIndex(of: UInt8(ascii: "\n")) ?? $0.byteCount }
    guard end > 0 else { return nil }
    guard let rest = body.withBytes({ $0.extracting(end...).text }) else { return nil }
    for line in rest.utf8.split(separator: UInt8(ascii: "\n")) {
      guard let equals = line.firstIndex(of: UInt8(ascii: "=")) else { continue }
      let key = String(Substring(line[..<equals]))
      fields[key] = fields[key] ?? String(Substring(line[equals...].dropFirst()))
    }
    body.truncate(to: end)
    secret = body
  }

  /// The value of `key`; `nil` when there is none.
  func text(_ key: String) -> String? { fields[key] }

  /// The value of `key` if it is a decimal number, at most 18 digits, without a sign.
  func number(_ key: String) -> Int64? {
    guard let text = fields[key], text.utf8.count <= 18, text.utf8.allSatisfy(\.isDigit) else {
      return nil
    }
    return Int64(text)
  }

  /// Packs `secret` and `fields`. No value may hold a line feed; account names, URLs and numbers cannot.
  static func pack(
    _ secret: borrowing Secret, _ fields: KeyValuePairs<String, String?>
  ) -> Secret {
    var body = secret.duplicate()
    body.append(UInt8(ascii: "\n"))
    for case (let key, let value?) in fields { body.append("\(key)=\(value)\n") }
    return body
  }
}
