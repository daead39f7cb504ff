/// A METI account: whose token is meant, and where it is valid.
public struct Account: Equatable, Sendable {
  public let api: APIURL
  /// The e-mail address, or the client id of an OAuth 2.0 client. Compared byte for byte.
  public let name: String

  /// - Throws: if `name` is empty, longer than 254 bytes (RFC 5321, 4.5.3.1.3) or has control
  ///   characters, which neither a keyring attribute nor a helper protocol can carry.
  public init(name: String, api: APIURL) throws(AccountNameError) {
    guard !name.isEmpty else { throw .empty }
    guard name.utf8.count <= 254 else { throw .tooLong }
    guard name.utf8.allSatisfy({ $0 > 0x20 && $0 != 0x7F }) else { throw .spaceOrControlCharacter }
    self.name = name
    self.api = api
  }

  public static func == (left: Account, right: Account) -> Bool {
    left.api == right.api && left.name.utf8.elementsEqual(right.name.utf8)
  }
}

/// Why a text cannot name an account.
public enum AccountNameError: Error, Equatable {
  case empty, tooLong, spaceOrControlCharacter
}

/// The account a call is about: one by name, or whichever is the default of the API.
public struct AccountSelector: Equatable, Sendable {
  public let api: APIURL
  public let name: String?

  public init(api: APIURL, name: String?) {
    self.api = api
    self.name = name
  }

  public init(_ account: Account) {
    self.init(api: account.api, name: account.name)
  }

  public static func == (left: AccountSelector, right: AccountSelector) -> Bool {
    guard left.api == right.api else { return false }
    guard let leftName = left.name, let rightName = right.name else {
      return left.name == nil && right.name == nil
    }
    return leftName.utf8.elementsEqual(rightName.utf8)
  }

  /// The name under which the kernel tier keeps the token: `meti-token:<api-url>`, and for a named
  /// account `meti-token:<api-url>#<account>`. No URL here has a `#`, so the two never collide.
  public var keyDescription: String {
    let base = "\(Self.keyPrefix)\(api.text)"
    guard let name else { return base }
    return "\(base)#\(name)"
  }

  /// What the description of every key of this program begins with.
  public static let keyPrefix = "meti-token:"
}
