/// A JSON object written straight into a ``Secret``, so that a password or a token never is in a
/// `String` on its way out. Members come in the order in which they are added; their names need no
/// escapes.
public struct JSONObject: ~Copyable {
  private var text = Secret(copying: "{")

  public init() {}

  public mutating func add(_ name: String, secret value: borrowing Secret) {
    begin(name)
    text.append("\"")
    value.withBytes { bytes in
      for index in 0..<bytes.byteCount {
        let byte = bytes.byte(at: index)
        if Self.mustBeEscaped(Unicode.Scalar(byte)) {
          text.append(Self.escape(UInt16(byte)))
        } else {
          text.append(byte)
        }
      }
    }
    text.append("\"")
  }

  public mutating func add(_ name: String, _ value: String) {
    begin(name)
    text.append("\"\(Self.escaped(value) { Self.mustBeEscaped($0) || $0.isTerminalControl })\"")
  }

  public mutating func add(_ name: String, _ value: Int64) {
    begin(name)
    text.append(String(value))
  }

  /// The finished object.
  public consuming func finish() -> Secret {
    text.append("}")
    return text
  }

  private mutating func begin(_ name: String) {
    text.append("\(text.count == 1 ? "" : ",")\"\(name)\":")
  }

  /// RFC 8259, 7.
  private static func mustBeEscaped(_ scalar: Unicode.Scalar) -> Bool {
    scalar.value < 0x20 || scalar == "\"" || scalar == "\\"
  }

  private static func escape(_ unit: UInt16) -> String {
    let digits = String(unit, radix: 16)
    return "\\u" + String(repeating: "0", count: 4 - digits.utf8.count) + digits
  }

  /// JSON text in which every character that is `special`, and occurs in strings alone, is escaped.
  public static func escaped(_ json: String, _ special: (Unicode.Scalar) -> Bool) -> String {
    json.unicodeScalars.map { scalar in
      special(scalar) ? String(scalar).utf16.map(escape).joined() : String(scalar)
    }.joined()
  }
}
