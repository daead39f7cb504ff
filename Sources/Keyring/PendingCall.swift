import CLibsecret
import MetiToken

/// An asynchronous call of GLib that has begun; ``EventLoop`` runs it to the end.
@safe final class PendingCall {
  typealias Start = (GAsyncReadyCallback, gpointer) -> Void
  /// The C function that takes the value of a call out of its GAsyncResult, or sets the GError.
  typealias Finish<Value> = (
    OpaquePointer, UnsafeMutablePointer<UnsafeMutablePointer<GError>?>
  ) -> Value

  private var result: OpaquePointer?
  var isDone: Bool { unsafe result != nil }

  init(_ start: Start) {
    // Retained until the callback has run, which is never for a call that is left behind.
    let box = unsafe Unmanaged.passRetained(self)
    unsafe start(
      { _, result, box in
        let call = unsafe Unmanaged<PendingCall>.fromOpaque(box!).takeRetainedValue()
        unsafe call.result = OpaquePointer(g_object_ref(UnsafeMutableRawPointer(result)))
      }, box.toOpaque())
  }

  deinit {
    if let result = unsafe result { unsafe g_object_unref(UnsafeMutableRawPointer(result)) }
  }

  /// The value of a call that is done.
  func value<Value>(_ finish: Finish<Value>) throws(KeyringError) -> Value {
    guard let result = unsafe result else { throw KeyringError(.notAnswering) }
    var error: UnsafeMutablePointer<GError>?
    // See ``Variant/withPointer(_:)``.
    let value = withExtendedLifetime(self) { unsafe finish(result, &error) }
    if let error = unsafe error { throw unsafe KeyringError(taking: error) }
    return value
  }
}
