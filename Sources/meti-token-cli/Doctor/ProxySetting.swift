/// The proxy that the environment names for https, as libcurl reads it (libcurl-env(3)).
public struct ProxySetting: Equatable, Sendable {
  /// The variable that counts.
  public let variable: String
  /// Its value, without the user name and password that it may have.
  public let shown: String
  /// The hosts that are reached without it, as they were given.
  public let exceptions: String?

  /// - Parameter variable: the value of an environment variable.
  /// - Returns: `nil` where none is named.
  public init?(_ variable: (String) -> String?) {
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
    shown = Self.redacted(found.value)
    exceptions = first("no_proxy", "NO_PROXY")?.value
  }

  /// Whatever stands between the scheme and the last `@` is hidden: a password that should have
  /// been escaped may hold an `@`, a slash or a colon.
  static func redacted(_ url: String) -> String {
    guard let at = url.lastIndex(of: "@") else { return url }
    let host = url[url.index(after: at)...]
    var scheme = url.prefix { $0.isASCII && ($0.isLetter || $0.isNumber) }
    guard url[scheme.endIndex...].hasPrefix("://") else { return "***@\(host)" }
    scheme = url[..<url.index(scheme.endIndex, offsetBy: 3)]
    return "\(scheme)***@\(host)"
  }
}
