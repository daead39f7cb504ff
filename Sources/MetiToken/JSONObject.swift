/// A JSON object written straight into a ``Secret``, so that a password or a token never is in a
/// `String` on its way out. Members come in the order in which they are added.
public struct JSONObject: ~Copyable {
  private var text = Secret()

  public init() { text.append(UInt8(ascii: "{")) }

  /// Adds a string that is secret. Both are UTF-8; `name` needs no escapes.
  public mutating func add(_ name: StaticString, secret value: borrowing Secret) {
    begin(name)
    text.append(UInt8(ascii: "\""))
    value.withBytes { Self.escape($0, into: &text) }
    text.append(UInt8(ascii: "\""))
  }

  public mutating func add(_ name: StaticString, _ value: String) {
    begin(name)
    text.append(UInt8(ascii: "\""))
    let value = Secret(copying: Self.escapedText(value))
    value.withBytes { text.append($0) }
    text.append(UInt8(ascii: "\""))
  }

  public mutating func add(_ name: StaticString, _ value: Int64) {
    begin(name)
    text.append(String(value))
  }

  /// The finished object.
  public consuming func finish() -> Secret {
    text.append(UInt8(ascii: "}"))
    return text
  }

  private mutating func begin(_ name: StaticString) {
    text.append(text.count == 1 ? "\"" : ",\"")
    text.append(name.description)
    text.append("\":")
  }

  /// RFC 8259, 7: what must be escaped is; everything else passes as it is.
  private static func escape(_ bytes: RawSpan, into text: inout Secret) {
    for index in 0..<bytes.byteCount {
      let byte = bytes.byte(at: index)
      switch byte {
      case UInt8(ascii: "\""), UInt8(ascii: "\\"):
        text.append(UInt8(ascii: "\\"))
        text.append(byte)
      case 0x00...0x1F:
        text.append((byte < 0x10 ? "\\u000" : "\\u00") + String(byte, radix: 16))
      default:
        text.append(byte)
      }
    }
  }
}

extension JSONObject {
  /// The text of a JSON string.
  static func escapedText(_ value: String) -> String {
    var object = Secret()
    var value = value
    value.withUTF8 { bytes in unsafe escape(bytes.span.bytes, into: &object) }
    return escaped(object.withBytes { $0.text } ?? "")
  }

  /// JSON text in which every control, format and bidirectional character is escaped
  /// (RFC 8259, 7). Such characters occur in strings alone.
  public static func escaped(_ json: String) -> String {
    var text = ""
    for scalar in json.unicodeScalars {
      guard scalar.isTerminalControl, scalar != "\n" else {
        text.unicodeScalars.append(scalar)
        continue
      }
      for unit in String(scalar).utf16 {
        let digits = String(unit, radix: 16)
        text += "\\u" + String(repeating: "0", count: 4 - digits.utf8.count) + digits
      }
    }
    return text
  }
}
