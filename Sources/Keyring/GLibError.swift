import CLibsecret
import MetiToken

extension KeyringError {
  /// Takes over a `GError` (and frees it) and tells what it means for the keyring.
  ///
  /// Domain, code and message are kept for `--verbose`.
  init(taking error: UnsafeMutablePointer<GError>) {
    defer { unsafe g_error_free(error) }
    let domain = unsafe error.pointee.domain
    let code = unsafe error.pointee.code
    let name = unsafe String(cString: g_quark_to_string(domain))
    let message = unsafe String(cString: error.pointee.message)
    self.init(
      Self.kind(domain: domain, code: code),
      detail: "\(name) \(code): \(Log.presentable(message))")
  }

  private static func kind(domain: GQuark, code: gint) -> Kind {
    switch domain {
    case meti_secret_error(): return secretKind(SecretError(UInt32(bitPattern: code)))
    case meti_g_dbus_error(): return busKind(code)
    case meti_g_io_error(): return ioKind(code)
    default: return .failed
    }
  }

  private static func secretKind(_ code: SecretError) -> Kind {
    switch code {
    case SECRET_ERROR_IS_LOCKED: .locked
    case SECRET_ERROR_NO_SUCH_OBJECT: .vanished
    case SECRET_ERROR_PROTOCOL: .garbled
    default: .failed
    }
  }

  private static func busKind(_ code: gint) -> Kind {
    switch GDBusError(UInt32(bitPattern: code)) {
    case G_DBUS_ERROR_SERVICE_UNKNOWN, G_DBUS_ERROR_NAME_HAS_NO_OWNER,
      G_DBUS_ERROR_SPAWN_EXEC_FAILED, G_DBUS_ERROR_SPAWN_FORK_FAILED,
      G_DBUS_ERROR_SPAWN_CHILD_EXITED, G_DBUS_ERROR_SPAWN_CHILD_SIGNALED,
      G_DBUS_ERROR_SPAWN_FAILED, G_DBUS_ERROR_SPAWN_SETUP_FAILED,
      G_DBUS_ERROR_SPAWN_CONFIG_INVALID, G_DBUS_ERROR_SPAWN_SERVICE_INVALID,
      G_DBUS_ERROR_SPAWN_SERVICE_NOT_FOUND, G_DBUS_ERROR_SPAWN_PERMISSIONS_INVALID,
      G_DBUS_ERROR_SPAWN_FILE_INVALID, G_DBUS_ERROR_SPAWN_NO_MEMORY:
      .noProvider
    // What a keyring says of an item that is there no more, where it does not say NoSuchObject.
    case G_DBUS_ERROR_UNKNOWN_METHOD, G_DBUS_ERROR_UNKNOWN_OBJECT: .vanished
    case G_DBUS_ERROR_NO_REPLY: .died
    case G_DBUS_ERROR_TIMEOUT, G_DBUS_ERROR_TIMED_OUT: .notAnswering
    case G_DBUS_ERROR_ACCESS_DENIED, G_DBUS_ERROR_AUTH_FAILED: .denied
    case G_DBUS_ERROR_DISCONNECTED, G_DBUS_ERROR_NO_SERVER: .noBus
    default: .failed
    }
  }

  private static func ioKind(_ code: gint) -> Kind {
    switch GIOErrorEnum(UInt32(bitPattern: code)) {
    case G_IO_ERROR_TIMED_OUT: .notAnswering
    // What a reply of another type than the introspected one gives (g_dbus_proxy_call_finish).
    case G_IO_ERROR_INVALID_ARGUMENT: .garbled
    case G_IO_ERROR_CLOSED, G_IO_ERROR_CONNECTION_CLOSED, G_IO_ERROR_BROKEN_PIPE: .died
    default: .failed
    }
  }
}
