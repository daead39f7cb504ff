import CLibsecret
import MetiToken

/// Runs GLib's asynchronous calls to their end, or to the deadline.
///
/// The `_sync` functions of libsecret cannot be bounded: they wait for ever when a provider dies
/// while a prompt is open, even if they are cancelled; and a cancel makes gnome-keyring abort. So
/// each call is started on a main context of our own, and when the deadline passes we stop
/// waiting and leave it as it is.
@safe final class Waiter {
  private let context: OpaquePointer
  private let clock: any Clock
  /// Set once a call was left behind: nothing more is asked of a bus that does not answer.
  private(set) var hasGivenUp = false

  init(clock: any Clock) {
    unsafe context = g_main_context_new()
    self.clock = clock
  }

  deinit {
    // After giving up, GLib's threads may still come back to the context; the process ends soon.
    if !hasGivenUp { unsafe g_main_context_unref(context) }
  }

  typealias Start = (GAsyncReadyCallback, gpointer) -> Void

  /// The result that the call begun by `start` ends with; the caller owns a reference.
  /// - Throws: ``KeyringError/Kind/notAnswering`` when the deadline passes.
  func result(until deadline: Deadline, of start: Start) throws(KeyringError) -> OpaquePointer {
    try unsafe wait(for: begin(start), until: deadline)
  }

  /// Begins a call and comes back at once, so that several can be on their way together.
  func begin(_ start: Start) -> Answer {
    let answer = Answer()
    unsafe g_main_context_push_thread_default(context)
    defer { unsafe g_main_context_pop_thread_default(context) }
    // Retained until the callback has run, which is never for a call that is left behind.
    let box = unsafe Unmanaged.passRetained(answer)
    unsafe start(
      { _, result, box in
        let answer = unsafe Unmanaged<Answer>.fromOpaque(box!).takeRetainedValue()
        unsafe answer.result = OpaquePointer(g_object_ref(UnsafeMutableRawPointer(result)))
      }, box.toOpaque())
    return answer
  }

  /// The result of a call that was begun; the caller owns a reference.
  func wait(for answer: Answer, until deadline: Deadline) throws(KeyringError) -> OpaquePointer {
    guard !hasGivenUp else { throw KeyringError(.notAnswering) }
    unsafe g_main_context_push_thread_default(context)
    defer { unsafe g_main_context_pop_thread_default(context) }
    while true {
      if let result = unsafe answer.take() { return unsafe result }
      let remaining = deadline.remaining(at: clock.now())
      guard remaining > 0 else {
        hasGivenUp = true
        throw KeyringError(.notAnswering)
      }
      iterate(atMost: remaining)
    }
  }

  /// One turn of the context, which ends after `milliseconds` if nothing happens.
  private func iterate(atMost milliseconds: Int64) {
    let timer = unsafe g_timeout_source_new(guint(clamping: milliseconds))!
    // The timer only has to wake the context; who is awake looks at the clock.
    unsafe g_source_set_callback(timer, { _ in gboolean(0) }, nil, nil)
    _ = unsafe g_source_attach(timer, context)
    _ = unsafe g_main_context_iteration(context, 1)
    unsafe g_source_destroy(timer)
    unsafe g_source_unref(timer)
  }

  /// A call on its way.
  @safe final class Answer {
    fileprivate var result: OpaquePointer?

    /// The result, whose reference is the caller's from here on.
    fileprivate func take() -> OpaquePointer? {
      defer { unsafe result = nil }
      return unsafe result
    }

    deinit {
      // It came, and nobody waited for it: the call beside it had failed.
      if let result = unsafe result { unsafe g_object_unref(UnsafeMutableRawPointer(result)) }
    }
  }
}
