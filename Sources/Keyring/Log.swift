import CLibsecret
import Synchronization

/// What GLib and libsecret would write to stderr: warnings about providers that misbehave, which
/// mean nothing to the person who called. Kept for `--verbose`.
enum Log {
  private static let sink = Mutex<(@Sendable (String) -> Void)?>(nil)

  /// From now on, for the whole process (g_log_set_writer_func; GLib allows it once).
  /// - Parameter verbose: gets the lines; without it they are not even put into words.
  static func redirect(to verbose: (@Sendable (String) -> Void)?) {
    sink.withLock { $0 = verbose }
    _ = writer
  }

  private static let writer: Void = unsafe g_log_set_writer_func(
    { level, fields, count, _ in
      let sink = Log.sink.withLock { $0 }
      if let sink, let text = unsafe g_log_writer_format_fields(level, fields, count, 0) {
        sink(unsafe presentable(String(cString: text)))
        unsafe g_free(text)
      }
      return G_LOG_WRITER_HANDLED
    }, nil, nil)

  /// What may be shown of a text that came from a provider or the bus. What dbus-daemon writes of
  /// an access that it denies repeats our command line, in which `exec` and `curl` carry words that
  /// are not ours to show; so a text is cut off there, and where it is long.
  static func presentable(_ text: String) -> String {
    let end = text.firstRange(of: " (uid=")?.lowerBound ?? text.endIndex
    return String(text[..<end].prefix(longest))
  }

  /// In characters; GLib's and libsecret's own texts are shorter.
  private static let longest = 400
}
