extension Renewal {
  /// The selected account: the named one, else the default, else the only one that is stored.
  public func account(for selector: AccountSelector) throws(TokenError) -> Account {
    let api = selector.api
    if case .named(let account) = selector { return account }
    if let account = defaultAccount(at: api) { return account }
    var stored = try asking(try store.accounts(at: api))
    // Locked items count only if nothing else is there.
    if stored.names.isEmpty, stored.locked > 0 {
      try asking(try store.unlock(selector))
      stored = try asking(try store.accounts(at: api))
    }
    guard stored.names.count <= 1 else { throw .noDefault(stored.names) }
    guard let account = stored.names.first.flatMap({ try? Account(name: $0, api: api) }) else {
      throw .noAccount(selector)
    }
    return account
  }

  /// The default account that is set, whether or not it is stored. A file that cannot be read is
  /// reported, and sets none.
  public func defaultAccount(at api: APIURL) -> Account? {
    do {
      guard let name = try defaults.name(at: api) else { return nil }
      return try? Account(name: name, api: api)
    } catch {
      report(.defaultNotRead(error))
      return nil
    }
  }
}
