/// Why there is no token.
public enum TokenError: Error, Equatable {
  /// Nothing is stored for the selected account, or no account at all.
  case noAccount(AccountSelector)
  /// The default account is not stored.
  case defaultNotStored(Account)
  /// Several accounts are stored and none is the default.
  case noDefault([String])
  case keyring(KeyringError)
  /// METI rejected this stored credential before.
  case rejectedBefore(Account, Rejection)
  case issuer(IssuerError, Account)
  /// The default account cannot be written.
  case defaultAccount(DefaultAccountError)
  /// Another process is renewing this account's token and takes longer than this call may wait.
  case busy
}

/// Trouble beside a success.
public enum Warning: Equatable, Sendable {
  /// The keyring does not store the new token; the next call may have to contact METI again.
  case tokenNotStored(KeyringError)
  /// The kernel cache did not take the new token, and could not remove the old one.
  case oldTokenCached
  /// METI rejected the credential, and neither the keyring nor the lock file could record that: every
  /// call will contact METI again.
  case rejectionNotRecorded
  /// A first login succeeded, and the keyring did not store the account.
  case accountNotStored(KeyringError)
  case defaultNotRead(DefaultAccountError)
  case defaultNotWritten(DefaultAccountError)
  /// METI's tokens live this long, which is less than the validity that was asked for.
  case shortLife(seconds: Int64)
  /// The token must be renewed soon, and that failed; the stored one is used.
  case notRenewed(TokenError)
}
