import MetiToken

/// The keyring: bodies by `token NAME` and `credential NAME`.
final class FakeStore: CredentialStore {
  var bodies: [String: String] = [:]
  /// Nothing can be read until ``unlock(_:)``.
  var isLocked = false
  /// Every call as `find token anna@domain.com`, `store …`, `remove …`, `unlock …`.
  var calls: [String] = []
  /// Which calls fail, and how. What happens here happens after the answer was read.
  var trouble: (String) -> KeyringError? = { _ in nil }
  /// As the environment, whose credentials have a fingerprint of their own.
  var isReadOnly = false
  var fingerprint = "env:1"

  /// Whether the last token could be stored with a prompt.
  private(set) var mayPromptForToken: Bool?

  private func call(_ verb: String, _ item: String) throws(KeyringError) -> String? {
    calls.append("\(verb) \(item)")
    let answer = bodies[item]
    if let error = trouble("\(verb) \(item)") { throw error }
    if isLocked, verb == "find", answer != nil { throw KeyringError(.locked) }
    return answer
  }

  private func store(_ body: consuming Secret, _ item: String) throws(KeyringError) {
    _ = try call("store", item)
    if isReadOnly { throw KeyringError(.readOnly) }
    bodies[item] = text(body)
  }

  private func remove(_ item: String) throws(KeyringError) -> Bool {
    _ = try call("remove", item)
    return bodies.removeValue(forKey: item) != nil
  }
}

// MARK: CredentialStore

extension FakeStore {
  func accounts(at api: APIURL) throws(KeyringError) -> StoredAccounts {
    _ = try call("find", "accounts")
    let names = bodies.keys.filter { $0.hasPrefix("credential ") }.map { String($0.dropFirst(11)) }
    return isLocked
      ? StoredAccounts(names: [], locked: names.count) : StoredAccounts(names: names)
  }

  func token(of account: Account) throws(KeyringError) -> Token? {
    guard let body = try call("find", "token \(account.name)") else { return nil }
    guard let token = Token(stored: Secret(copying: body)) else { throw KeyringError(.damaged) }
    return token
  }

  func credential(of account: Account) throws(KeyringError) -> Credential? {
    guard let body = try call("find", "credential \(account.name)") else { return nil }
    guard let found = Credential(stored: Secret(copying: body), account: account) else {
      throw KeyringError(.damaged)
    }
    return Credential(
      account: account, grant: found.grant, secret: found.secret.duplicate(),
      rejection: found.rejection,
      fingerprint: isReadOnly ? fingerprint : Credential.keyringFingerprint)
  }

  func unlock(_ selector: AccountSelector) throws(KeyringError) {
    _ = try call("unlock", selector.name ?? "all")
    isLocked = false
  }

  func prepareForWriting() throws(KeyringError) {}

  func store(
    _ token: borrowing Token, of account: Account, mayPrompt: Bool
  ) throws(KeyringError) {
    mayPromptForToken = mayPrompt
    try store(token.stored(), "token \(account.name)")
  }

  func store(_ credential: borrowing Credential) throws(KeyringError) {
    try store(credential.stored(), "credential \(credential.account.name)")
  }

  func removeToken(of account: Account) throws(KeyringError) -> Bool {
    try remove("token \(account.name)")
  }

  func removeCredential(of account: Account) throws(KeyringError) -> Bool {
    try remove("credential \(account.name)")
  }

  func removeAll(at api: APIURL, tokensOnly: Bool) throws(KeyringError) -> Bool {
    _ = try call("remove", tokensOnly ? "all tokens" : "all")
    bodies = tokensOnly ? bodies.filter { !$0.key.hasPrefix("token ") } : [:]
    return true
  }
}
