import CLibsecret
import Glibc
import MetiToken

/// Where the session bus listens.
public struct BusAddress: Equatable, Sendable {
  /// As D-Bus writes it; several are separated by semicolons and tried in turn.
  public let text: String
  /// Whether it comes from DBUS_SESSION_BUS_ADDRESS, rather than from a socket that was found.
  public private(set) var isFromEnvironment = true

  /// The address: `DBUS_SESSION_BUS_ADDRESS`, else the socket `bus` in `$XDG_RUNTIME_DIR` or
  /// `/run/user/UID` (cron has neither variable). `nil` if there is none. GLib would start a bus of
  /// its own then (`autolaunch:`), with an empty keyring.
  public static func find(
    _ variable: (String) -> String?, standard: String = "/run/user/\(geteuid())"
  ) -> BusAddress? {
    if let address = variable("DBUS_SESSION_BUS_ADDRESS"), !address.isEmpty {
      let listening = address.split(separator: ";").filter { !$0.hasPrefix("autolaunch:") }
      return listening.isEmpty ? nil : BusAddress(text: listening.joined(separator: ";"))
    }
    for case let directory? in [variable("XDG_RUNTIME_DIR"), standard] {
      let path = "\(directory)/bus"
      guard path.hasPrefix("/"), let info = file(path), info.st_mode & S_IFMT == S_IFSOCK else {
        continue
      }
      let escaped = unsafe g_dbus_address_escape_value(path)!
      defer { unsafe g_free(escaped) }
      let text = unsafe "unix:path=\(String(cString: escaped))"
      return BusAddress(text: text, isFromEnvironment: false)
    }
    return nil
  }

  private static func file(_ path: String) -> stat? {
    var info = stat()
    return unsafe stat(path, &info) == 0 ? info : nil
  }

  /// The user who owns the first address's socket; `nil` if it has no path, or nothing is there.
  var owner: UInt32? {
    guard let first = text.split(separator: ";").first, first.hasPrefix("unix:") else { return nil }
    let pairs = first.dropFirst("unix:".count).split(separator: ",")
    guard let pair = pairs.first(where: { $0.hasPrefix("path=") }),
      let path = unsafe g_uri_unescape_string(String(pair.dropFirst("path=".count)), nil)
    else { return nil }
    defer { unsafe g_free(path) }
    return unsafe Self.file(String(cString: path))?.st_uid
  }

  /// What is wrong with this bus if a connection failed for `reason`.
  func trouble(_ reason: BusTrouble.Reason) -> BusTrouble {
    var reason = reason
    // Another user's bus closes the connection, or its directory is closed to us.
    if [.denied, .other].contains(reason), let owner, owner != geteuid() {
      reason = .otherUser(owner)
    }
    return BusTrouble(reason, address: text, isFromEnvironment: isFromEnvironment)
  }
}
