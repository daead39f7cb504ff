extension Renewal {
  /// The selected account: the named one, else the default, else the only one that is stored.
  public func account(for selector: AccountSelector) throws(TokenError) -> Account {
    if let name = selector.name {
      guard let account = try? Account(name: name, api: selector.api) else {
        throw .noAccount(selector)
      }
      return account
    }
    if let account = defaultAccount(at: selector.api) { return account }
    return try onlyAccount(at: selector.api)
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

  private func onlyAccount(at api: APIURL) throws(TokenError) -> Account {
    let anyone = AccountSelector(api: api, name: nil)
    var stored = try asking { () throws(KeyringError) in try store.accounts(at: api) }
    // Locked items count only if nothing else is there.
    if stored.names.isEmpty, stored.locked > 0 {
      try asking { () throws(KeyringError) in try store.unlock(anyone) }
      stored = try asking { () throws(KeyringError) in try store.accounts(at: api) }
    }
    guard let name = stored.names.first else { throw .noAccount(anyone) }
    guard stored.names.count == 1 else { throw .noDefault(stored.names) }
    guard let account = try? Account(name: name, api: api) else { throw .noAccount(anyone) }
    return account
  }
}
