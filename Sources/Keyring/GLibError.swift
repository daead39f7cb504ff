import CLibsecret
import MetiToken

extension KeyringError {
  /// What a `GError`, which is freed here, means for the keyring. Domain, code and message are kept
  /// for `--verbose`.
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
    case meti_secret_error(): secretKind(SecretError(UInt32(bitPattern: code)))
    case meti_g_dbus_error(): busKind(GDBusError(UInt32(bitPattern: code)))
    case meti_g_io_error(): ioKind(GIOErrorEnum(UInt32(bitPattern: code)))
    default: .failed
    }
  }

  private static func secretKind(_ code: SecretError) -> Kind {
    switch code {
    case SECRET_ERROR_IS_LOCKED: .locked
    case SECRET_ERROR_NO_SUCH_OBJECT: .vanished
    case SECRET_ERROR_PROTOCOL: .unexpectedReply
    default: .failed
    }
  }

  private static func busKind(_ code: GDBusError) -> Kind {
    switch code {
    case G_DBUS_ERROR_SERVICE_UNKNOWN, G_DBUS_ERROR_NAME_HAS_NO_OWNER: .noProvider
    case _ where isSpawnFailure(code): .noProvider
    // What a keyring says of an item that was removed, if it does not say NoSuchObject.
    case G_DBUS_ERROR_UNKNOWN_METHOD, G_DBUS_ERROR_UNKNOWN_OBJECT: .vanished
    case G_DBUS_ERROR_NO_REPLY, G_DBUS_ERROR_DISCONNECTED: .died
    case G_DBUS_ERROR_TIMEOUT, G_DBUS_ERROR_TIMED_OUT: .notAnswering
    case G_DBUS_ERROR_ACCESS_DENIED, G_DBUS_ERROR_AUTH_FAILED: .denied
    default: .failed
    }
  }

  /// Whether the bus could not start the provider: these codes follow each other.
  private static func isSpawnFailure(_ code: GDBusError) -> Bool {
    (G_DBUS_ERROR_SPAWN_EXEC_FAILED.rawValue...G_DBUS_ERROR_SPAWN_NO_MEMORY.rawValue)
      .contains(code.rawValue)
  }

  private static func ioKind(_ code: GIOErrorEnum) -> Kind {
    switch code {
    case G_IO_ERROR_TIMED_OUT: .notAnswering
    // A reply of another type than the expected one (g_dbus_connection_call).
    case G_IO_ERROR_INVALID_ARGUMENT: .unexpectedReply
    case G_IO_ERROR_CLOSED, G_IO_ERROR_CONNECTION_CLOSED, G_IO_ERROR_BROKEN_PIPE: .died
    default: .failed
    }
  }
}

extension BusTrouble.Reason {
  /// What it means that no connection to the bus could be made.
  init(_ error: GError) {
    switch unsafe (error.domain, UInt32(bitPattern: error.code)) {
    case (meti_g_io_error(), G_IO_ERROR_NOT_FOUND.rawValue): self = .gone
    case (meti_g_io_error(), G_IO_ERROR_CONNECTION_REFUSED.rawValue): self = .refused
    case (meti_g_io_error(), G_IO_ERROR_PERMISSION_DENIED.rawValue),
      (meti_g_dbus_error(), G_DBUS_ERROR_ACCESS_DENIED.rawValue),
      (meti_g_dbus_error(), G_DBUS_ERROR_AUTH_FAILED.rawValue):
      self = .denied
    case (meti_g_dbus_error(), G_DBUS_ERROR_LIMITS_EXCEEDED.rawValue): self = .full
    default: self = .other
    }
  }
}
