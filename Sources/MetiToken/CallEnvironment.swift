/// What the environment says of the account that is meant, for both programs alike.
public struct CallEnvironment: Sendable {
  /// `METI_API_URL`, as it was given.
  public let apiURL: String?
  /// `METI_ACCOUNT`, else `METI_EMAIL` or `METI_CLIENT_ID` where the environment brings the
  /// account with it.
  public let account: String?
  /// `METI_TOKEN_CACHE`, as it was given.
  public let cache: String?

  /// - Parameter variable: the value of an environment variable, `nil` where it is unset.
  public init(_ variable: (String) -> String?) {
    func nonEmpty(_ name: String) -> String? {
      guard let value = variable(name), !value.isEmpty else { return nil }
      return value
    }
    apiURL = nonEmpty("METI_API_URL")
    account = nonEmpty("METI_ACCOUNT") ?? nonEmpty("METI_EMAIL") ?? nonEmpty("METI_CLIENT_ID")
    cache = nonEmpty("METI_TOKEN_CACHE")
  }

  /// Whether the kernel tier may be used. Anything but the two known words counts as off, which is
  /// the careful choice; `meti-token-cli` reports the unknown word.
  public var usesKernelTier: Bool { cache == nil || cache == "kernel" }

  /// The account of a call without options; `nil` where the API URL is not usable.
  public var selector: AccountSelector? {
    guard let apiURL else { return AccountSelector(api: .standard, name: account) }
    guard let api = try? APIURL(apiURL) else { return nil }
    return AccountSelector(api: api, name: account)
  }
}

extension Token {
  /// What is printed: the token, or the `Authorization` header, and a newline.
  public func line(asHeader: Bool) -> Secret {
    var line = Secret(capacity: secret.count + 32)
    if asHeader { line.append("Authorization: Bearer ") }
    secret.withBytes { line.append($0) }
    line.append(UInt8(ascii: "\n"))
    return line
  }
}
