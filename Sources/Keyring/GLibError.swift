import CLibsecret
import MetiToken

extension KeyringError {
  /// - Parameter error: freed here. Domain, code and message are kept for `--verbose`.
  init(taking error: UnsafeMutablePointer<GError>, _ kind: (GError) -> Kind) {
    defer { unsafe g_error_free(error) }
    let domain = unsafe String(cString: g_quark_to_string(error.pointee.domain))
    let message = unsafe Log.presentable(String(cString: error.pointee.message))
    unsafe self.init(
      kind(error.pointee), detail: "\(domain) \(error.pointee.code): \(message)")
  }
}

extension KeyringError.Kind {
  /// What an error of a call means.
  init(_ error: GError) {
    let (secret, bus, io) = (meti_secret_error(), meti_g_dbus_error(), meti_g_io_error())
    let spawnFailures =
      G_DBUS_ERROR_SPAWN_EXEC_FAILED.rawValue...G_DBUS_ERROR_SPAWN_NO_MEMORY.rawValue
    switch unsafe (error.domain, UInt32(bitPattern: error.code)) {
    case (secret, SECRET_ERROR_IS_LOCKED.rawValue): self = .locked
    // The last two: a keyring that does not say NoSuchObject of an item that was removed.
    case (secret, SECRET_ERROR_NO_SUCH_OBJECT.rawValue),
      (bus, G_DBUS_ERROR_UNKNOWN_METHOD.rawValue), (bus, G_DBUS_ERROR_UNKNOWN_OBJECT.rawValue):
      self = .vanished
    case (bus, G_DBUS_ERROR_SERVICE_UNKNOWN.rawValue), (bus, spawnFailures),
      (bus, G_DBUS_ERROR_NAME_HAS_NO_OWNER.rawValue):
      self = .noProvider
    case (bus, G_DBUS_ERROR_NO_REPLY.rawValue), (bus, G_DBUS_ERROR_DISCONNECTED.rawValue),
      (io, G_IO_ERROR_CLOSED.rawValue), (io, G_IO_ERROR_BROKEN_PIPE.rawValue):
      self = .died
    case (bus, G_DBUS_ERROR_TIMEOUT.rawValue), (bus, G_DBUS_ERROR_TIMED_OUT.rawValue),
      (io, G_IO_ERROR_TIMED_OUT.rawValue):
      self = .notAnswering
    case (bus, G_DBUS_ERROR_ACCESS_DENIED.rawValue), (bus, G_DBUS_ERROR_AUTH_FAILED.rawValue):
      self = .denied
    default: self = .failed
    }
  }
}

extension BusTrouble.Reason {
  /// What it means that no connection to the bus could be made.
  init(_ error: GError) {
    let (bus, io) = (meti_g_dbus_error(), meti_g_io_error())
    switch unsafe (error.domain, UInt32(bitPattern: error.code)) {
    case (io, G_IO_ERROR_NOT_FOUND.rawValue): self = .gone
    case (io, G_IO_ERROR_CONNECTION_REFUSED.rawValue): self = .refused
    case (io, G_IO_ERROR_PERMISSION_DENIED.rawValue), (bus, G_DBUS_ERROR_ACCESS_DENIED.rawValue),
      (bus, G_DBUS_ERROR_AUTH_FAILED.rawValue):
      self = .denied
    case (bus, G_DBUS_ERROR_LIMITS_EXCEEDED.rawValue): self = .full
    default: self = .other
    }
  }
}
