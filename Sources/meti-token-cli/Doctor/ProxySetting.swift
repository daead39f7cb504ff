/// The proxy that the environment names for https, as libcurl reads it (libcurl-env(3)).
struct ProxySetting {
  /// The variable, its value without user name and password, and the hosts that need no proxy.
  let text: String

  /// - Parameter variable: the value of a variable; `nil` if it is unset or empty.
  /// - Returns: `nil` if no proxy is named.
  init?(_ variable: (String) -> String?) {
    let names = ["https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"]
    guard let name = names.first(where: { variable($0) != nil }), let url = variable(name) else {
      return nil
    }
    let exceptions = (variable("no_proxy") ?? variable("NO_PROXY")).map { ", not for \($0)" } ?? ""
    text = "proxy \(Self.redacted(url)) from \(name)\(exceptions)"
  }

  /// Hides all between the scheme and the last `@`: an unescaped password may contain any character.
  private static func redacted(_ url: String) -> String {
    guard let at = url.lastIndex(of: "@") else { return url }
    let scheme = url.prefix { $0.isASCII && ($0.isLetter || $0.isNumber) }
    let start = url[scheme.endIndex...].hasPrefix("://") ? "\(scheme)://" : ""
    return "\(start)***\(url[at...])"
  }
}
