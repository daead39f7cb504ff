import CLibsecret
import Synchronization

/// Tells when libsecret opens a prompt, which it does in the middle of its calls, and tells nobody.
///
/// A filter on the bus connection sees the messages of `org.freedesktop.Secret.Prompt` pass
/// (g_dbus_connection_add_filter). It runs in GDBus's own thread.
@safe final class PromptWatch: Sendable {
  /// What has passed since the last ``clear()``.
  struct Seen {
    /// Prompts that were opened, or would have been.
    var opened = 0
    /// Prompts that have completed.
    var completed = 0
    /// Whether the last one was dismissed. libsecret calls that a success of what it was for.
    var isDismissed = false
    /// Whether the keyring was asked for something more after the last one had completed.
    var isFollowed = false
    /// Whether one has completed in a form that libsecret does not take: it waits on for ever.
    var isGarbled = false
  }

  private let mayOpen: Bool
  private let state = Mutex(Seen())
  /// The address of a GMainContext that lives as long as the process: the filter may be running in
  /// GDBus's thread when everybody else is done with it.
  private let context: Int

  /// - Parameters:
  ///   - mayOpen: false keeps every prompt from being opened: the message is not sent, and the
  ///     libsecret call that wanted it never ends.
  ///   - context: woken when there is something to see.
  init(mayOpen: Bool, waking context: OpaquePointer) {
    self.mayOpen = mayOpen
    self.context = Int(bitPattern: context)
  }

  private func wake() { unsafe g_main_context_wakeup(OpaquePointer(bitPattern: context)) }

  var seen: Seen { state.withLock { $0 } }

  func clear() { state.withLock { $0 = Seen() } }

  /// Watches this connection until g_dbus_connection_remove_filter is called with the number that
  /// this returns. The watch lives until GDBus's thread is done with it, too.
  func watch(_ connection: OpaquePointer) -> guint {
    let watch = unsafe Unmanaged.passRetained(self)
    return unsafe g_dbus_connection_add_filter(
      connection,
      { _, message, isIncoming, watch in
        guard let message = unsafe message else { return nil }
        let watch = unsafe Unmanaged<PromptWatch>.fromOpaque(watch!).takeUnretainedValue()
        if unsafe watch.lets(message, isIncoming: isIncoming != 0) { return unsafe message }
        unsafe g_object_unref(UnsafeMutableRawPointer(message))
        return nil
      }, watch.toOpaque(), { unsafe Unmanaged<PromptWatch>.fromOpaque($0!).release() })
  }

  /// Takes note of a message; false where it is not to be passed on.
  private func lets(_ message: OpaquePointer, isIncoming: Bool) -> Bool {
    guard let interface = unsafe g_dbus_message_get_interface(message),
      unsafe g_str_has_prefix(interface, "org.freedesktop.Secret.") != 0,
      let member = unsafe g_dbus_message_get_member(message)
    else { return true }
    guard unsafe g_str_has_suffix(interface, ".Prompt") != 0 else {
      guard !isIncoming else { return true }
      state.withLock { $0.isFollowed = $0.opened > 0 && $0.completed >= $0.opened }
      wake()
      return true
    }
    if isIncoming {
      guard unsafe g_str_equal(member, "Completed") != 0 else { return true }
      let isDismissed = unsafe Self.isDismissed(message)
      state.withLock {
        $0.completed += 1
        $0.isDismissed = isDismissed ?? false
        $0.isGarbled = isDismissed == nil
      }
      wake()
      return true
    }
    guard unsafe g_str_equal(member, "Prompt") != 0 else { return true }
    state.withLock {
      $0.opened += 1
      $0.isFollowed = false
    }
    wake()
    return mayOpen
  }

  /// The first value of `Completed(dismissed b, result v)`; `nil` where it has another form.
  private static func isDismissed(_ message: OpaquePointer) -> Bool? {
    guard let body = unsafe g_dbus_message_get_body(message),
      unsafe g_variant_check_format_string(body, "(bv)", 0) != 0,
      let dismissed = unsafe g_variant_get_child_value(body, 0)
    else { return nil }
    defer { unsafe g_variant_unref(dismissed) }
    return unsafe g_variant_get_boolean(dismissed) != 0
  }
}
