import MetiToken
import System

extension Failure {
  /// What a keyring's trouble is called, and the next thing to do.
  init(_ error: KeyringError) {
    let message: String
    var hint: String?
    switch error.kind {
    case .noBus(let trouble):
      (message, hint) = Self.words(of: trouble)
    case .noProvider:
      message = "no keyring is running: nothing provides org.freedesktop.secrets"
      hint = "install gnome-keyring, KWallet or KeePassXC, or see SERVERS in meti-token(1)"
    case .locked:
      message = "the keyring is locked, and this call cannot prompt"
      hint = "run meti-token in a terminal on the desktop, or see SERVERS in meti-token(1)"
    case .promptOpen:
      message = "the keyring's dialog was not answered in time, or is still open"
      hint = "answer the dialog, or unlock the keyring, and try again"
    case .dismissed:
      message = "the keyring's dialog was dismissed or could not be shown"
      hint = "unlock the keyring, or confirm in its dialog, and try again"
    case .needsPrompt:
      message = "the keyring requires confirmation, but prompting is not possible here"
      hint = "run meti-token in a terminal on the desktop, or turn off the keyring's confirmations"
    case .notAnswering:
      message = "the keyring does not answer"
      hint = "find the cause with: meti-token doctor"
    case .died:
      message = "the keyring ended during the call"
      hint = "try again"
    case .denied:
      message = "access to the keyring is denied on this session bus"
      hint = "check the D-Bus and AppArmor policies"
    case .noCollection:
      message = "there is no default keyring, and no dialog can be shown to create one"
      hint = "create a keyring on the desktop, or see SERVERS in meti-token(1)"
    case .noSession:
      message = "KWallet cannot encrypt: its QCA plugins are missing"
      hint = "install libqca-qt6-plugins, for KWallet of Qt 5 libqca-qt5-2-plugins"
    case .damaged:
      message = "the keyring has the item but returns no readable secret"
      hint = "store the account again with: meti-token login"
    case .vanished:
      message = "the item was removed from the keyring during the call"
      hint = "try again"
    case .notStored:
      message = "the keyring did not store the secret"
      hint = "check that the disk is not full or read-only; --verbose shows the reason"
    case .environment(let error):
      self.init(error)
      return
    case .readOnly:
      message = "the account comes from the environment, which meti-token cannot change"
      hint = "change the account in the environment"
    case .failed:
      message = "the keyring failed"
      hint = "find the reason with --verbose"
    }
    let isMissing = if case .noBus = error.kind { true } else { error.kind == .noProvider }
    self.init(
      .keyring, message, hint: (isMissing ? EnvironmentStore.missingSecret() : nil) ?? hint,
      detail: error.detail)
  }

  /// The address, where it comes from, and why it failed.
  private static func words(of trouble: BusTrouble) -> (message: String, hint: String) {
    let origin =
      trouble.isFromEnvironment ? "from DBUS_SESSION_BUS_ADDRESS" : "found in the runtime directory"
    let bus = "the session bus \(trouble.address), \(origin),"
    let desktop = "log in to a desktop session, or see SERVERS in meti-token(1)"
    switch trouble.reason {
    case .noAddress: return ("no keyring is available: there is no session bus here", desktop)
    case .gone:
      let newShell = "this shell is older than the desktop session: open a new one"
      return ("\(bus) does not exist", trouble.isFromEnvironment ? newShell : desktop)
    case .refused: return ("\(bus) refuses connections: its session has ended", desktop)
    case .otherUser(let user):
      let way = Process.variable("SUDO_UID") == nil ? "as that user" : "without sudo"
      return ("\(bus) belongs to another user (id \(user))", "run meti-token \(way)")
    case .full: return ("\(bus) accepts no more connections", "close programs and try again")
    case .denied: return ("\(bus) denies access", "check the permissions of the socket")
    case .other: return ("\(bus) cannot be used", desktop)
    }
  }
}
