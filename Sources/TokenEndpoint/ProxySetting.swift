import Glibc
import MetiToken

/// The proxy that the environment names for https, as libcurl reads it (libcurl-env(3)).
public struct ProxySetting: Equatable, Sendable {
  /// The variable that counts.
  public let variable: String
  /// Its value for a terminal, without user name and password.
  public let url: String
  /// The hosts that need no proxy, as they were given.
  public let exceptions: String?

  /// - Parameter variable: the value of a variable.
  /// - Returns: `nil` if no proxy is named.
  public init?(_ variable: (String) -> String? = Self.environment) {
    func first(_ names: String...) -> (name: String, value: String)? {
      for name in names {
        if let value = variable(name), !value.isEmpty { return (name, value) }
      }
      return nil
    }
    guard let found = first("https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY") else {
      return nil
    }
    self.variable = found.name
    url = Self.redacted(found.value).escapedForTerminal()
    exceptions = first("no_proxy", "NO_PROXY")?.value
  }

  public static func environment(_ name: String) -> String? {
    unsafe getenv(name).map { unsafe String(cString: $0) }
  }

  /// Hides all between the scheme and the last `@`: an unescaped password may contain any character.
  private static func redacted(_ url: String) -> String {
    guard let at = url.lastIndex(of: "@") else { return url }
    let scheme = url.prefix { $0.isASCII && ($0.isLetter || $0.isNumber) }
    let start = url[scheme.endIndex...].hasPrefix("://") ? "\(scheme)://" : ""
    return "\(start)***\(url[at...])"
  }
}
