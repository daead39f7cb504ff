/// A METI account: whose token is wanted, and where it is valid.
public struct Account: Equatable, Sendable {
  public let api: APIURL
  /// The e-mail address, or the client id of an OAuth 2.0 client. Compared byte for byte.
  public let name: String

  /// - Throws: if `name` is empty, longer than 254 bytes (RFC 5321, 4.5.3.1.3) or holds a space or a
  ///   terminal control, which neither a helper protocol nor a terminal can take.
  public init(name: String, api: APIURL) throws(AccountNameError) {
    guard !name.isEmpty else { throw .empty }
    guard name.utf8.count <= 254 else { throw .tooLong }
    guard name.unicodeScalars.allSatisfy({ $0 != " " && !$0.isTerminalControl }) else {
      throw .spaceOrControlCharacter
    }
    self.name = name
    self.api = api
  }

  public static func == (left: Account, right: Account) -> Bool {
    left.api == right.api && left.name.isSameName(as: right.name)
  }

  /// The account in one text: the name of its kernel key and of its lock. No URL here holds a `#`.
  public var description: String { "meti-token:\(api.text)#\(name)" }
}

/// Why a text is not the name of an account.
public enum AccountNameError: Error, Equatable {
  case empty, tooLong, spaceOrControlCharacter
}

/// Which account a call is about: a named one, or the default of the API.
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

  /// Whether an account of this name is selected, or may be.
  public func allows(_ name: String) -> Bool {
    self.name == nil || name.isSameName(as: self.name)
  }

  public static func == (left: AccountSelector, right: AccountSelector) -> Bool {
    guard left.api == right.api else { return false }
    return left.name?.isSameName(as: right.name) ?? (right.name == nil)
  }
}

/// Names of accounts are compared by their bytes, as keyrings, the kernel and METI compare them. To
/// `String ==` and `<` an accented letter is the same in one scalar and in two.
extension String {
  public func isSameName(as other: String?) -> Bool {
    guard let other else { return false }
    return utf8.elementsEqual(other.utf8)
  }
}

extension Sequence<String> {
  /// Each name once, in the order of their bytes.
  public func distinctNames() -> [String] {
    var names: [String] = []
    for name in sorted(by: { $0.utf8.lexicographicallyPrecedes($1.utf8) })
    where !name.isSameName(as: names.last) {
      names.append(name)
    }
    return names
  }
}
