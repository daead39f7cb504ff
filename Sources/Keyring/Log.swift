import CLibsecret
import Synchronization

/// What GLib and libsecret would write to stderr: warnings about providers that misbehave, which
/// mean nothing to the person who called. Kept for `--verbose`.
enum Log {
  private static let sink = Mutex<(@Sendable (String) -> Void)?>(nil)

  /// From now on, for the whole process (g_log_set_writer_func; GLib allows it once).
  static func redirect(to verbose: @escaping @Sendable (String) -> Void) {
    let isFirst = sink.withLock { sink in
      defer { sink = verbose }
      return sink == nil
    }
    guard isFirst else { return }
    unsafe g_log_set_writer_func(
      { level, fields, count, _ in
        if let text = unsafe g_log_writer_format_fields(level, fields, count, 0) {
          let line = unsafe String(cString: text)
          unsafe g_free(text)
          Log.write(line)
        }
        return G_LOG_WRITER_HANDLED
      }, nil, nil)
  }

  private static func write(_ line: String) {
    sink.withLock { $0?(line) }
  }
}
