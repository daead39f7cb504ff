import CLibsecret
import MetiToken

/// Runs GLib's asynchronous calls to their end, or to the deadline.
///
/// The `_sync` functions of libsecret cannot be bounded, and a cancelled prompt makes gnome-keyring
/// abort. So calls are started on a main context of our own, and when the deadline passes we stop
/// waiting and leave them as they are.
@safe final class EventLoop {
  let clock: any Clock
  /// The end of the whole call of the program.
  let call: Deadline
  /// Receives what the user is waited for; `nil` if this call waits for nobody.
  let announce: ((String) -> Void)?

  private let context: OpaquePointer
  /// Nothing more is asked of a bus or provider that did not reply in time.
  private var hasGivenUp = false

  init(clock: any Clock, call: Deadline, announce: ((String) -> Void)?) {
    self.clock = clock
    self.call = call
    self.announce = announce
    unsafe context = g_main_context_new()
    // Wakes the context, so that the end of a deadline is seen.
    let timer = unsafe g_timeout_source_new(Self.period)!
    unsafe g_source_set_callback(timer, { _ in 1 }, nil, nil)
    _ = unsafe g_source_attach(timer, context)
    unsafe g_source_unref(timer)
  }

  deinit {
    // GDBus lets go of what it holds for us here.
    while unsafe g_main_context_iteration(context, 0) != 0 {}
    unsafe g_main_context_unref(context)
  }

  /// How often a deadline is looked at, in milliseconds.
  private static let period: guint = 50
  /// For a reply, in milliseconds. A look-up takes 15; starting gnome-keyring takes under a second;
  /// what takes longer will not come.
  private static let quietLimit: Int64 = 10_000
  /// A provider that is silent for so long, in milliseconds, may be prompting (pass with a
  /// passphrase).
  private static let silence: Int64 = 3_000

  /// When something that begins now and does not prompt must have ended.
  var quietEnd: Deadline {
    let now = clock.now()
    return Deadline(min(Self.quietLimit, call.remaining(at: now)), from: now)
  }

  /// The value of the call that `start` begins.
  /// - Parameters:
  ///   - kind: what a GError means.
  ///   - finish: the C function that takes the value out of the GAsyncResult, or sets the GError.
  func value<Value>(
    _ kind: (GError) -> KeyringError.Kind = unsafe KeyringError.Kind.init,
    of start: (GAsyncReadyCallback, gpointer) -> Void,
    finish: (OpaquePointer, UnsafeMutablePointer<UnsafeMutablePointer<GError>?>) -> Value?
  ) throws(KeyringError) -> Value {
    guard !hasGivenUp else { throw KeyringError(.notAnswering) }
    // Retained until the callback has run, which is never for a call that is left behind.
    let reply = unsafe Box<OpaquePointer>()
    onContext {
      unsafe start(
        { _, result, reply in
          let reply = unsafe Unmanaged<Box<OpaquePointer>>.fromOpaque(reply!).takeRetainedValue()
          unsafe reply.value = OpaquePointer(g_object_ref(UnsafeMutableRawPointer(result)))
        }, Unmanaged.passRetained(reply).toOpaque())
    }
    try wait { unsafe reply.value != nil }
    let result = unsafe reply.value!
    defer { unsafe g_object_unref(UnsafeMutableRawPointer(result)) }
    var error: UnsafeMutablePointer<GError>?
    let value = unsafe finish(result, &error)
    if let error = unsafe error { throw unsafe KeyringError(taking: error, kind) }
    guard let value else { throw KeyringError(.failed) }
    return value
  }

  /// Waits for a reply. Some providers prompt while a call is running, and nothing shows that but
  /// their silence: a call that may wait for the user then gives them their time.
  private func wait(until isDone: () -> Bool) throws(KeyringError) {
    let (start, end) = (clock.now(), quietEnd)
    let isPatient = announce != nil && end.remaining(at: start) > Self.silence
    var isAnswered = run(to: isPatient ? Deadline(Self.silence, from: start) : end, until: isDone)
    if !isAnswered, isPatient {
      announce?("waiting for the keyring, which may show a dialog")
      isAnswered = inUsersTime { run(to: $0, until: isDone) }
    }
    guard !isAnswered else { return }
    hasGivenUp = true
    throw KeyringError(.notAnswering)
  }

  /// Does `work` until the user's time ends, which is not the call's.
  func inUsersTime<Value, Failure>(
    _ work: (Deadline) throws(Failure) -> Value
  ) throws(Failure) -> Value {
    let start = clock.now()
    defer { call.extend(by: clock.now().boot - start.boot) }
    return try work(Deadline(Interaction.patience, from: start))
  }

  /// Runs until `isDone`.
  /// - Returns: false if `end` passes.
  func run<Failure>(
    to end: Deadline, until isDone: () throws(Failure) -> Bool
  ) throws(Failure) -> Bool {
    while try !isDone() {
      guard end.remaining(at: clock.now()) > 0 else { return false }
      onContext { _ = unsafe g_main_context_iteration(context, 1) }
    }
    return true
  }

  /// Does `body` with our context as the one that GLib's callbacks and signals go to.
  func onContext<Value>(_ body: () -> Value) -> Value {
    unsafe g_main_context_push_thread_default(context)
    defer { unsafe g_main_context_pop_thread_default(context) }
    return body()
  }
}

/// What a callback of C is given, once it has run.
final class Box<Value> {
  var value: Value?
}
