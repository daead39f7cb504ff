/// A METI account: whose token is wanted, and where it is valid.
public struct Account: Equatable, Sendable {
  public let api: APIURL
  /// The e-mail address, or the client id of an OAuth 2.0 client. Compared byte for byte.
  public let name: String

  /// - Throws: if `name` is empty, longer than 254 bytes (RFC 5321, 4.5.3.1.3) or holds a space or a
  ///   terminal control, which neither a helper protocol nor a terminal can take.
  public init(name: String, api: APIURL) throws(AccountNameError) {
    guard (1...254).contains(name.utf8.count),
      name.unicodeScalars.allSatisfy({ $0 != " " && !$0.isTerminalControl })
    else { throw AccountNameError() }
    self.name = name
    self.api = api
  }

  public static func == (left: Account, right: Account) -> Bool {
    left.api == right.api && left.name.isSameName(as: right.name)
  }

  /// The account in one text: the name of its kernel key and of its lock. No URL here holds a `#`.
  public var description: String { "meti-token:\(api.text)#\(name)" }
}

/// A text is not the name of an account.
public struct AccountNameError: Error {}

/// Which account a call is about: a named one, or the default of the API.
public enum AccountSelector: Equatable, Sendable {
  case named(Account)
  case any(APIURL)

  public var api: APIURL {
    switch self {
    case .named(let account): account.api
    case .any(let api): api
    }
  }

  public var name: String? {
    if case .named(let account) = self { account.name } else { nil }
  }

  /// Whether an account of this name is selected, or may be.
  public func allows(_ name: String) -> Bool { self.name.map(name.isSameName) ?? true }
}

/// Names of accounts are compared by their bytes, as keyrings, the kernel and METI compare them. To
/// `String ==` and `<` an accented letter is the same in one scalar and in two.
extension String {
  public func isSameName(as other: String?) -> Bool {
    other.map { utf8.elementsEqual($0.utf8) } ?? false
  }
}
