/// What the environment says of the account that is meant, for both programs alike.
public struct CallEnvironment: Sendable {
  // Empty where unset, which means the same here.
  private let givenURL: String
  private let givenAccount: String
  private let givenCache: String
  private let client: String
  private let clientVariant: TokenVariant

  /// - Parameter variable: the value of an environment variable, `nil` where it is unset.
  public init(_ variable: (String) -> String?) {
    givenURL = variable("METI_API_URL") ?? ""
    var account = ""
    for name in ["METI_ACCOUNT", "METI_EMAIL", "METI_CLIENT_ID"] where account.isEmpty {
      account = variable(name) ?? ""
    }
    givenAccount = account
    givenCache = variable("METI_TOKEN_CACHE") ?? ""
    client = Self.client(variable)
    guard !client.isEmpty else {
      clientVariant = .none
      return
    }
    clientVariant = TokenVariant(
      tokenURL: variable("METI_TOKEN_URL") ?? "", audience: variable("METI_AUDIENCE") ?? "",
      scope: variable("METI_SCOPE") ?? "")
  }

  /// The client that the environment may bring with its secret; empty for none.
  private static func client(_ variable: (String) -> String?) -> String {
    let secrets = ["METI_CLIENT_SECRET", "METI_CLIENT_SECRET_FILE", "CREDENTIALS_DIRECTORY"]
    for name in secrets
    where (variable("METI_EMAIL") ?? "").isEmpty && !(variable(name) ?? "").isEmpty {
      return variable("METI_CLIENT_ID") ?? ""
    }
    return ""
  }

  /// What tells the tokens that `selector` means from others of the same account.
  public func variant(of selector: AccountSelector) -> TokenVariant {
    guard let name = selector.name, name.utf8.elementsEqual(client.utf8) else { return .none }
    return clientVariant
  }

  /// `METI_API_URL`, as it was given.
  public var apiURL: String? { givenURL.isEmpty ? nil : givenURL }

  /// `METI_ACCOUNT`, else `METI_EMAIL` or `METI_CLIENT_ID`, where the environment brings the
  /// account with it.
  public var account: String? { givenAccount.isEmpty ? nil : givenAccount }

  /// `METI_TOKEN_CACHE`, as it was given.
  public var cache: String? { givenCache.isEmpty ? nil : givenCache }

  /// Whether the kernel tier may be used. Anything but the known words counts as off, which is the
  /// careful choice; `meti-token-cli` reports the unknown word.
  public var usesKernelTier: Bool {
    givenCache.isEmpty || givenCache.utf8.elementsEqual("kernel".utf8)
  }

  /// The account of a call without options.
  public func selector() throws(APIURLError) -> AccountSelector {
    // Not written with `??`: an optional of a structure makes the runtime build its metadata, which
    // costs the thin program as much as the rest of its work.
    if givenURL.isEmpty { return AccountSelector(api: .standard, name: account) }
    return AccountSelector(api: try APIURL(givenURL), name: account)
  }
}
