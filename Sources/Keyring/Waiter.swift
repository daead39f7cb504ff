import CLibsecret
import MetiToken

/// Runs GLib's asynchronous calls to their end, or to the deadline.
///
/// The `_sync` functions of libsecret cannot be bounded: they wait for ever when a provider dies
/// while a prompt is open, even if they are cancelled; and a cancel makes gnome-keyring abort. So
/// each call is started on a main context of our own, and when the deadline passes we stop
/// waiting and leave it as it is.
@safe final class Waiter {
  /// The person who may be asked. Time in which they are is not counted in any other deadline.
  let person: KeyringStore.Person
  /// The prompts that the calls open.
  let prompts: PromptWatch
  /// What the call that is under way would ask the person for, as a sentence goes on after
  /// "waiting for".
  var purpose = ""
  /// Whether the provider that was asked is there no more.
  var isProviderGone: () -> Bool = { false }
  /// Milliseconds that were waited so far while nobody was asked.
  private(set) var waited: Int64 = 0
  /// Whether the person has dismissed the prompt of the call that was waited for last.
  private(set) var wasDismissed = false
  /// Whether that call has opened a prompt.
  private(set) var hasAsked = false

  /// One for the process, and never released: GDBus's own thread may wake it, and calls that were
  /// left behind may come back to it, for as long as the process lives.
  nonisolated(unsafe) private static let context = unsafe g_main_context_new()!
  private var context: OpaquePointer { unsafe Self.context }
  private let clock: any Clock
  /// The end of the whole call.
  private let call: Deadline
  /// Set once nothing came back before a deadline: no more is asked of a bus that does not answer.
  private var givenUp: KeyringError?
  /// Whether a call was left behind, which may still come back.
  var hasGivenUp: Bool { givenUp != nil }
  private var silence = Silence()
  private var hasToldOfSilence = false

  init(clock: any Clock, call: Deadline, person: KeyringStore.Person) {
    self.clock = clock
    self.call = call
    self.person = person
    prompts = unsafe PromptWatch(mayOpen: person.canBeAsked, waking: Self.context)
  }

  typealias Start = (GAsyncReadyCallback, gpointer) -> Void

  /// The C function that takes the value of a call out of its GAsyncResult, or sets the GError.
  typealias Finish<Value> = (
    OpaquePointer, UnsafeMutablePointer<UnsafeMutablePointer<GError>?>
  ) -> Value

  /// What `finish` takes out of the result of the call that `start` begins.
  /// - Throws: what ``value(of:until:mayAsk:finish:)`` throws.
  func value<Value>(
    until deadline: Deadline, mayAsk: Bool = false, of start: Start, finish: Finish<Value>
  ) throws(KeyringError) -> Value {
    try unsafe value(of: begin(start), until: deadline, mayAsk: mayAsk, finish: finish)
  }

  /// What `finish` takes out of the result of a call that was begun.
  /// - Throws: what ``wait(for:until:mayAsk:)`` throws, and the error that the call ended with.
  func value<Value>(
    of answer: Answer, until deadline: Deadline, mayAsk: Bool = false, finish: Finish<Value>
  ) throws(KeyringError) -> Value {
    let result = try unsafe wait(for: answer, until: deadline, mayAsk: mayAsk)
    defer { unsafe g_object_unref(UnsafeMutableRawPointer(result)) }
    var error: UnsafeMutablePointer<GError>?
    let value = unsafe finish(result, &error)
    if let error = unsafe error { throw unsafe KeyringError(taking: error) }
    return value
  }

  /// Calls a method over the bus (g_dbus_connection_call).
  /// - Parameters:
  ///   - name: who has the object, on the bus.
  ///   - arguments: floating or not; a reference to each is taken.
  ///   - reply: the type of what must come back; any where it is `nil`.
  /// - Returns: what came back, a tuple.
  func call(
    _ method: String, of interface: String, at path: String, of name: String,
    over connection: OpaquePointer?, _ arguments: [OpaquePointer?], reply: String? = nil,
    until deadline: Deadline, mayAsk: Bool = false
  ) throws(KeyringError) -> Variant {
    let type = unsafe reply.flatMap { unsafe g_variant_type_new($0) }
    defer { if let type = unsafe type { unsafe g_variant_type_free(type) } }
    let value = try unsafe value(until: deadline, mayAsk: mayAsk) { done, data in
      unsafe g_dbus_connection_call(
        connection, name, path, interface, method,
        g_variant_new_tuple(arguments, gsize(arguments.count)), type, G_DBUS_CALL_FLAGS_NONE,
        gint(KeyringStore.askingBudget), nil, done, data)
    } finish: { result, error in
      unsafe g_dbus_connection_call_finish(connection, result, error)
    }
    guard let value = unsafe value else { throw KeyringError(.failed, detail: method) }
    return unsafe Variant(taking: value)
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
  ///
  /// Where the call opens a prompt the person is told, and has ``KeyringStore/askingBudget`` from
  /// then on, which moves the deadline.
  /// - Parameter mayAsk: some keyrings ask while the call itself is under way, which nothing shows
  ///   but their silence; so the person is told after a while, and given the same time.
  /// - Throws: ``KeyringError/Kind/notAnswering`` when the deadline passes,
  ///   ``KeyringError/Kind/unanswered`` when the person's time does, ``KeyringError/Kind/askingNobody``
  ///   for a prompt where nobody can be asked, ``KeyringError/Kind/died`` and
  ///   ``KeyringError/Kind/garbled`` for a prompt that cannot end.
  private func wait(
    for answer: Answer, until deadline: Deadline, mayAsk: Bool = false
  ) throws(KeyringError) -> OpaquePointer {
    if let givenUp { throw givenUp }
    unsafe g_main_context_push_thread_default(context)
    defer { unsafe g_main_context_pop_thread_default(context) }
    var start = clock.now()
    var dialog: Dialog?
    var told = 0
    prompts.clear()
    hasAsked = false
    defer { settle(dialog, since: start, deadline) }
    while true {
      let seen = prompts.seen
      wasDismissed = seen.isDismissed
      hasAsked = seen.opened > 0
      if let result = unsafe answer.take() {
        // A prompt may be over at once: what it was for is said all the same.
        if seen.opened > told, person.canBeAsked { try tell(purpose) }
        return unsafe result
      }
      let now = clock.now()
      if seen.isGarbled { throw giveUp(.garbled, "malformed Prompt.Completed") }
      if seen.opened > told {
        try tell(purpose)
        told = seen.opened
        dialog = Dialog(
          begin: dialog?.begin ?? now, end: Deadline(KeyringStore.askingBudget, from: now),
          failure: .unanswered)
      } else if mayAsk, dialog == nil, person.canBeAsked,
        let end = silence.end(since: start, at: now)
      {
        try tellOfSilence()
        dialog = Dialog(begin: start, end: end, failure: .notAnswering)
      }
      // With a prompt that was opened after it the person is still being asked.
      if dialog?.failure == .unanswered, seen.completed >= seen.opened {
        dialog?.end = Deadline(Self.afterDialog, from: now)
        dialog?.failure = .garbled
      }
      if dialog?.failure == .garbled, seen.isFollowed {
        // The person has answered, and libsecret asks the keyring for the rest.
        settle(dialog, since: start, deadline)
        (dialog, start) = (nil, now)
      }
      if dialog != nil, isProviderGone() { throw KeyringError(.died, detail: "in a prompt") }
      let remaining = (dialog?.end ?? deadline).remaining(at: now)
      guard remaining > 0 else { throw giveUp(dialog?.failure ?? .notAnswering) }
      iterate(atMost: min(remaining, Self.turn))
    }
  }

  /// The error of a call that is left behind; nothing more is asked after it.
  private func giveUp(_ kind: KeyringError.Kind, _ detail: String = "") -> KeyringError {
    let error = KeyringError(kind, detail: detail)
    givenUp = error
    return error
  }

  /// Milliseconds after which the clock and the provider are looked at again, at the latest: GLib's
  /// own timers stand still while the machine is suspended.
  private static let turn: Int64 = 500

  /// For libsecret to come back after a prompt has completed, or to make its next call, in
  /// milliseconds. It never does where it did not understand the result.
  private static let afterDialog: Int64 = 5_000

  /// The time in which a person is, or may be, asked.
  private struct Dialog {
    let begin: Moment
    var end: Deadline
    /// What it means when that time is over: ``KeyringError/Kind/unanswered`` while a prompt is
    /// open, ``KeyringError/Kind/garbled`` once it has completed,
    /// ``KeyringError/Kind/notAnswering`` where nothing shows that anything is asked.
    var failure: KeyringError.Kind
  }

  /// Says once what the keyring's silence may mean.
  private func tellOfSilence() throws(KeyringError) {
    guard !hasToldOfSilence else { return }
    hasToldOfSilence = true
    try tell("the keyring, which may be asking you something")
  }

  private func tell(_ what: String) throws(KeyringError) {
    guard case .present(let told) = person else { throw KeyringError(.askingNobody) }
    told("waiting for \(what); look for its dialog")
  }

  /// Adds up what was waited for the machine, and gives back what was waited for the person.
  private func settle(_ dialog: Dialog?, since start: Moment, _ deadline: Deadline) {
    let end = clock.now()
    let asked = dialog?.begin.boot ?? end.boot
    waited += asked - start.boot
    deadline.extend(by: end.boot - asked)
    if deadline !== call { call.extend(by: end.boot - asked) }
    if dialog?.failure == .notAnswering { silence.spend(since: start, until: end) }
  }

  /// What `work` gives, which waits for something else than the bus; its time counts all the same.
  func counting<Value>(
    _ work: () throws(KeyringError) -> Value
  ) throws(KeyringError) -> Value {
    let start = clock.now()
    defer { waited += clock.now().boot - start.boot }
    return try work()
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
