/// Who is given a token: the scheme, host and port of the configured API.
///
/// There is no URL parser here. Foundation's `URL.host` folds fullwidth letters, `%2E` and soft hyphens
/// into the real host; these functions compare ASCII bytes.
extension APIURL {
  /// Whether the attributes of a git-credential request name this API's server. The protocol is
  /// exact; the host may differ in the case of ASCII letters, and may omit the default port.
  public func serves(protocol: [UInt8], host: [UInt8]) -> Bool {
    `protocol`.elementsEqual(scheme.rawValue.utf8) && isAuthority(host)
  }

  /// Whether `uri` is on this API's server: scheme, host and port, then the end or one of `/ ? #`.
  /// Anything but visible ASCII, and a backslash anywhere, is refused.
  public func serves(uri: String) -> Bool { afterAuthority(of: uri) != nil }

  /// What follows scheme, host and port in a `uri` on this API's server; `nil` for other servers.
  func afterAuthority(of uri: String) -> Substring? {
    let prefix = "\(scheme.rawValue)://"
    guard uri.utf8.allSatisfy(\.isOfURL), uri.utf8.starts(with: prefix.utf8) else { return nil }
    let rest = uri.dropFirst(prefix.count)
    let authority = rest.prefix { !"/?#".contains($0) }
    return isAuthority(Array(authority.utf8)) ? rest[authority.endIndex...] : nil
  }

  /// The URL that `given` means: a path is put behind the API URL. It begins with the API's origin and a
  /// slash, byte for byte, so that no other program can read it differently.
  /// - Returns: `nil` if it is not on the API's origin.
  public func url(_ given: String) -> String? {
    // Two slashes would name a host.
    guard !given.hasPrefix("//"),
      let rest = afterAuthority(of: given.hasPrefix("/") ? text + given : given),
      rest.isEmpty || rest.first == "/"
    else { return nil }
    return origin + (rest.isEmpty ? "/" : rest)
  }

  private func isAuthority(_ text: [UInt8]) -> Bool {
    let text = text.map(\.lowercased)
    return text.elementsEqual("\(host):\(port)".utf8)
      || (isDefaultPort && text.elementsEqual(host.utf8))
  }
}
