import MetiToken

/// Which requests a line `credential.PATTERN.helper` is for, or `credential.helper`, which is for
/// all.
struct HelperPattern {
  private let scheme: String
  /// The host, and the port where there is one; empty for any.
  private let authority: String

  /// - Parameter key: as git writes it: all but the pattern in lower case.
  init?(key: String) {
    guard key != "credential.helper" else {
      (scheme, authority) = ("", "")
      return
    }
    guard key.hasPrefix("credential."), key.hasSuffix(".helper") else { return nil }
    let pattern = key.dropFirst("credential.".count).dropLast(".helper".count).lowercased()
    let (before, after) =
      pattern.firstRange(of: "://").map { (pattern[..<$0.lowerBound], pattern[$0.upperBound...]) }
      ?? ("", pattern[...])
    scheme = String(before)
    let authority = after.prefix { !"/?#".contains($0) }
    let host = authority.lastIndex(of: "@").map { authority[$0...].dropFirst() } ?? authority
    self.authority = String(host)
  }

  /// Whether git may take the line for a request to `api`. It may have a user's name, or a path
  /// before which only some requests come, and `*` for a part of the host's name
  /// (gitcredentials(7); git's urlmatch.c and credential.c).
  func mayApply(to api: APIURL) -> Bool {
    guard scheme.isEmpty || scheme == api.scheme.rawValue else { return false }
    guard !authority.isEmpty else { return true }
    let (host, port) = Self.parts(authority)
    let isDefault = port.isEmpty || port == (api.scheme == .https ? "443" : "80")
    let own = Self.parts(String(api.origin.dropFirst(api.scheme.rawValue.count + 3)))
    guard isDefault ? own.port.isEmpty : port == own.port else { return false }
    let labels = host.split(separator: ".", omittingEmptySubsequences: false)
    let ownLabels = own.host.split(separator: ".", omittingEmptySubsequences: false)
    return labels.count == ownLabels.count
      && zip(labels, ownLabels).allSatisfy { $0 == "*" || $0 == $1 }
  }

  private static func parts(_ authority: String) -> (host: Substring, port: Substring) {
    guard let colon = authority.lastIndex(of: ":"), !authority[colon...].contains("]") else {
      return (authority[...], "")
    }
    return (authority[..<colon], authority[colon...].dropFirst())
  }
}
