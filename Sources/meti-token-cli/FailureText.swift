import MetiToken
import System

/// The words of errors, hints and warnings, in one place.
enum FailureText {
  /// What a keyring's trouble is called, and the next thing to do.
  static func of(_ kind: KeyringError.Kind) -> (message: String, hint: String?) {
    switch kind {
    case .noBus(let trouble): of(trouble)
    case .noProvider:
      (
        "no keyring is running: nothing provides org.freedesktop.secrets",
        "install gnome-keyring, KWallet or KeePassXC, or see SERVERS in meti-token(1)"
      )
    case .locked:
      (
        "the keyring is locked, and this call cannot prompt",
        "run meti-token in a terminal on the desktop, or see SERVERS in meti-token(1)"
      )
    case .promptOpen:
      (
        "the keyring's dialog was not answered in time, or is still open",
        "answer the dialog, or unlock the keyring, and try again"
      )
    case .dismissed:
      (
        "the keyring's dialog was dismissed or could not be shown",
        "unlock the keyring, or confirm in its dialog, and try again"
      )
    case .needsPrompt:
      (
        "the keyring requires confirmation, but prompting is not possible here",
        "run meti-token in a terminal on the desktop, or turn off the keyring's confirmations"
      )
    case .notAnswering:
      ("the keyring does not answer", "find the cause with: meti-token doctor")
    case .died: ("the keyring ended during the call", "try again")
    case .denied:
      (
        "access to the keyring is denied on this session bus",
        "check the D-Bus and AppArmor policies"
      )
    case .noCollection:
      (
        "there is no default keyring, and no dialog can be shown to create one",
        "create a keyring on the desktop, or see SERVERS in meti-token(1)"
      )
    case .noSession:
      (
        "KWallet cannot encrypt: its QCA plugins are missing",
        "install libqca-qt6-plugins, for KWallet of Qt 5 libqca-qt5-2-plugins"
      )
    case .damaged:
      (
        "the keyring has the item but returns no readable secret",
        "store the account again with: meti-token login"
      )
    case .vanished: ("the item was removed from the keyring during the call", "try again")
    case .notStored:
      (
        "the keyring did not store the secret",
        "check that the disk is not full or read-only; --verbose shows the reason"
      )
    case .environment(let error): (Failure(error).message, nil)
    case .readOnly:
      (
        "the account comes from the environment, which meti-token cannot change",
        "change the account in the environment"
      )
    case .failed: ("the keyring failed", "find the reason with --verbose")
    }
  }

  /// The address, where it comes from, and why it failed.
  private static func of(_ trouble: BusTrouble) -> (message: String, hint: String?) {
    let origin =
      trouble.isFromEnvironment ? "from DBUS_SESSION_BUS_ADDRESS" : "found in the runtime directory"
    let bus = "the session bus \(trouble.address), \(origin),"
    let desktop = "log in to a desktop session, or see SERVERS in meti-token(1)"
    switch trouble.reason {
    case .noAddress: return ("no keyring is available: there is no session bus here", desktop)
    case .gone:
      return (
        "\(bus) does not exist",
        trouble.isFromEnvironment
          ? "this shell is older than the desktop session: open a new one" : desktop
      )
    case .refused: return ("\(bus) refuses connections: its session has ended", desktop)
    case .otherUser(let user):
      let isSudo = Process.variable("SUDO_UID") != nil
      return (
        "\(bus) belongs to another user (id \(user))",
        isSudo ? "run meti-token without sudo" : "run meti-token as that user"
      )
    case .full: return ("\(bus) accepts no more connections", "close programs and try again")
    case .denied: return ("\(bus) denies access", "check the permissions of the socket")
    case .other: return ("\(bus) cannot be used", desktop)
    }
  }

  static func of(_ error: APIURLError) -> String {
    switch error {
    case .notHTTPS: "must begin with https:// (http:// only for loopback addresses)"
    case .malformed:
      "must have a host, and may have a port and a path, in printable ASCII and without a user name"
    }
  }
}

extension Warning {
  /// What is lost, and the failure that is the cause.
  var words: (text: String, cause: Failure?) {
    switch self {
    case .tokenNotStored(let error): ("the token was not stored", Failure(error))
    case .oldTokenCached:
      (
        "the kernel refuses access to its keyring: an older token may stay there until it expires",
        nil
      )
    case .accountNotStored(let error): ("the account was not stored", Failure(error))
    case .rejectionNotRecorded:
      ("METI's rejection was not recorded: the next call sends the credentials again", nil)
    case .defaultNotRead(let error): ("the default account is unknown", Failure(error))
    case .defaultNotWritten(let error): ("the default account was not changed", Failure(error))
    case .shortLife(let seconds):
      ("METI's tokens are valid for \(DurationText.of(seconds)), less than --min-validity", nil)
    case .notRenewed(let error): ("the token expires soon and was not renewed", Failure(error))
    }
  }
}
