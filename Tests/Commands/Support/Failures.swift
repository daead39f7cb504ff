/// What a call says that the keyring fails.
extension Told {
  static let locked = failure(
    69, "the keyring is locked, and this call cannot prompt",
    hint: "run meti-token in a terminal on the desktop, or see SERVERS in meti-token(1)")
  static let silentKeyring = failure(
    69, "the keyring does not answer",
    hint: "find the cause with: meti-token doctor")
  static let noBus = failure(
    69, "no keyring is available: there is no session bus here",
    hint: "log in to a desktop session, or see SERVERS in meti-token(1)")
  static let noKeyring = failure(
    69, "no keyring is running: nothing provides org.freedesktop.secrets",
    hint: "install gnome-keyring, KWallet or KeePassXC, or see SERVERS in meti-token(1)")
  static let deniedKeyring = failure(
    69, "access to the keyring is denied on this session bus",
    hint: "check the D-Bus and AppArmor policies")
  static let damagedItem = failure(
    69, "the keyring has the item but returns no readable secret",
    hint: "store the account again with: meti-token login")

  /// The same, after a warning.
  func warning(_ text: String) -> Told {
    Told(status: status, out: out, err: "meti-token: warning: \(text)\n" + err)
  }

  static func noAccount(at url: String) -> Told {
    failure(78, "no account is stored for \(url)", hint: "log in with: meti-token login")
  }
}
