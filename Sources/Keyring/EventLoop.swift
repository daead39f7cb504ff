import CLibsecret
import MetiToken

/// Runs GLib's asynchronous calls to their end, or to the deadline.
///
/// The `_sync` functions of libsecret cannot be bounded, and a cancelled prompt makes gnome-keyring
/// abort. So calls are started on a main context of our own, and when the deadline passes we stop
/// waiting and leave them as they are.
@safe final class EventLoop {
  let clock: any Clock
  /// The end of the whole call.
  let call: Deadline
  /// Receives what the user is waited for; `nil` if this call waits for nobody.
  let announce: ((String) -> Void)?

  private let context: OpaquePointer
  /// Milliseconds of ``quietBudget`` that were used.
  private var spent: Int64 = 0
  private var detector = PromptDetector()
  /// Nothing more is asked of a bus or provider that did not reply in time.
  private var hasGivenUp = false

  init(clock: any Clock, call: Deadline, announce: ((String) -> Void)? = nil) {
    self.clock = clock
    self.call = call
    self.announce = announce
    unsafe context = g_main_context_new()
  }

  deinit {
    // GDBus lets go of what it holds for us here.
    while unsafe g_main_context_iteration(context, 0) != 0 {}
    unsafe g_main_context_unref(context)
  }

  /// For all work with the keyring in one call, in milliseconds, without the time of prompts. A
  /// look-up takes 15; starting gnome-keyring takes under a second; what takes longer will not come.
  static let quietBudget: Int64 = 10_000

  /// When calls that do not prompt must have ended.
  var quietEnd: Deadline {
    let now = clock.now()
    return Deadline(min(Self.quietBudget - spent, call.remaining(at: now)), from: now)
  }

  func begin(_ start: PendingCall.Start) -> PendingCall {
    onContext { unsafe PendingCall(start) }
  }

  /// The value of the call that `start` begins.
  /// - Throws: the error that the call ended with, or as ``run(until:)``.
  func value<Value>(
    of start: PendingCall.Start, finish: PendingCall.Finish<Value>
  ) throws(KeyringError) -> Value {
    try unsafe value(of: begin(start), finish: finish)
  }

  func value<Value>(
    of call: PendingCall, finish: PendingCall.Finish<Value>
  ) throws(KeyringError) -> Value {
    try run { call.isDone }
    return try unsafe call.value(finish)
  }

  /// Runs until `isDone`, within ``quietEnd``. Some providers prompt while a call is running, and
  /// nothing shows that but their silence: a call that may wait for the user then gets more time.
  /// - Throws: ``KeyringError/Kind/notAnswering`` if the time passes.
  func run(until isDone: () -> Bool) throws(KeyringError) {
    guard !hasGivenUp else { throw KeyringError(.notAnswering) }
    let start = clock.now()
    var end = quietEnd
    var isSilent = false
    while !isDone() {
      let now = clock.now()
      if let announce, !isSilent, let later = detector.end(since: start, at: now) {
        if !detector.hasSpent { announce("waiting for the keyring, which may show a dialog") }
        (end, isSilent) = (later, true)
      }
      guard end.remaining(at: now) > 0 else {
        hasGivenUp = true
        spend(since: start, isSilent: isSilent)
        throw KeyringError(.notAnswering)
      }
      turn(atMost: end.remaining(at: now))
    }
    spend(since: start, isSilent: isSilent)
  }

  private func spend(since start: Moment, isSilent: Bool) {
    let elapsed = max(clock.now().boot - start.boot, 0)
    guard isSilent else {
      spent += elapsed
      return
    }
    detector.spend(elapsed)
    call.extend(by: elapsed)
  }

  /// Runs until `isDone`, in the user's time.
  /// - Returns: false if `end` passes.
  func run(
    to end: Deadline, until isDone: () throws(KeyringError) -> Bool
  ) throws(KeyringError) -> Bool {
    while try !isDone() {
      let left = end.remaining(at: clock.now())
      guard left > 0 else { return false }
      turn(atMost: left)
    }
    return true
  }

  /// What `work` gives, which waits for something else than the bus.
  func counting<Value>(_ work: () throws(LockError) -> Value) throws(LockError) -> Value {
    let start = clock.now()
    defer { spend(since: start, isSilent: false) }
    return try work()
  }

  /// Does `body` with our context as the one that GLib's callbacks and signals go to.
  func onContext<Value>(_ body: () -> Value) -> Value {
    unsafe g_main_context_push_thread_default(context)
    defer { unsafe g_main_context_pop_thread_default(context) }
    return body()
  }

  /// One turn of the context, of half a second at the latest: GLib's own timers stand still while the
  /// machine is suspended.
  private func turn(atMost milliseconds: Int64) {
    let timer = unsafe g_timeout_source_new(guint(min(milliseconds, 500)))!
    // The timer only has to wake the context.
    unsafe g_source_set_callback(timer, { _ in gboolean(0) }, nil, nil)
    _ = unsafe g_source_attach(timer, context)
    onContext { _ = unsafe g_main_context_iteration(context, 1) }
    unsafe g_source_destroy(timer)
    unsafe g_source_unref(timer)
  }
}
