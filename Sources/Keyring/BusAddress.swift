import Glibc

/// Where the session bus listens.
public enum BusAddress {
  /// How the address was found.
  public enum Source: Equatable, Sendable {
    case environment
    case runtimeDirectory(path: String)
  }

  /// The address: `DBUS_SESSION_BUS_ADDRESS`, else the socket `bus` in `$XDG_RUNTIME_DIR` or
  /// `/run/user/UID` (cron has neither variable). `nil` when there is none. GLib would start a bus
  /// of its own then (dbus-launch), with an empty keyring nobody asked for; so it is not let.
  public static func find(
    _ variable: (String) -> String?
  ) -> (address: String, source: Source)? {
    if let address = variable("DBUS_SESSION_BUS_ADDRESS"), !address.isEmpty {
      // Several addresses are tried in turn ("Server Addresses").
      let listening = address.split(separator: ";").filter { !$0.hasPrefix("autolaunch:") }
      return listening.isEmpty ? nil : (listening.joined(separator: ";"), .environment)
    }
    let directories = [variable("XDG_RUNTIME_DIR"), "/run/user/\(geteuid())"]
    for case let directory? in directories where directory.hasPrefix("/") {
      let path = "\(directory)/bus"
      if isSocket(path) { return ("unix:path=\(escaped(path))", .runtimeDirectory(path: path)) }
    }
    return nil
  }

  /// The user whose socket the first address leads to; `nil` where that is no path, or nothing is
  /// there.
  public static func owner(of address: String) -> UInt32? {
    guard let first = address.split(separator: ";").first, first.hasPrefix("unix:") else {
      return nil
    }
    let pairs = first.dropFirst("unix:".count).split(separator: ",")
    guard let path = pairs.first(where: { $0.hasPrefix("path=") }) else { return nil }
    var info = stat()
    guard unsafe stat(unescaped(path.dropFirst("path=".count)), &info) == 0 else { return nil }
    return info.st_uid
  }

  /// The inverse of ``escaped(_:)``.
  private static func unescaped(_ value: Substring) -> String {
    var bytes: [UInt8] = []
    var rest = value.utf8[...]
    while let byte = rest.popFirst() {
      let digits = rest.prefix(2)
      if byte == UInt8(ascii: "%"), digits.count == 2,
        let escaped = UInt8(String(decoding: digits, as: UTF8.self), radix: 16)
      {
        bytes.append(escaped)
        rest = rest.dropFirst(2)
      } else {
        bytes.append(byte)
      }
    }
    return String(decoding: bytes, as: UTF8.self)
  }

  private static func isSocket(_ path: String) -> Bool {
    var info = stat()
    return unsafe stat(path, &info) == 0 && info.st_mode & S_IFMT == S_IFSOCK
  }

  /// The D-Bus specification's escaping of values in addresses ("Server Addresses").
  private static func escaped(_ path: String) -> String {
    var text = ""
    for byte in path.utf8 {
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"),
        UInt8(ascii: "/"), UInt8(ascii: "."), UInt8(ascii: "*"):
        text.unicodeScalars.append(Unicode.Scalar(byte))
      default:
        let digits = String(byte, radix: 16)
        text += byte < 16 ? "%0\(digits)" : "%\(digits)"
      }
    }
    return text
  }
}
