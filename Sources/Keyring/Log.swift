import CLibsecret
import Glibc
import Synchronization

/// What GLib and libsecret would write to standard output and standard error.
enum Log {
  private static let sink = Mutex<(@Sendable (String) -> Void)?>(nil)

  /// From now on, for the whole process.
  /// - Parameter verbose: receives warnings about providers that misbehave, which mean nothing to
  ///   the user.
  static func redirect(to verbose: (@Sendable (String) -> Void)?) {
    sink.withLock { $0 = verbose }
    _ = writer
  }

  /// GLib allows it once (g_log_set_writer_func).
  private static let writer: Void = {
    // With G_DBUS_DEBUG GDBus prints its messages on standard output, secrets included.
    _ = unsafe g_set_print_handler { _ in }
    unsafe g_log_set_writer_func(
      { level, fields, count, _ in
        let sink = Log.sink.withLock { $0 }
        let fatal = G_LOG_LEVEL_ERROR.rawValue | G_LOG_FLAG_FATAL.rawValue
        if level.rawValue & fatal != 0 { unsafe Log.end(Log.message(fields, count)) }
        if let sink { unsafe sink(Log.message(fields, count)) }
        return G_LOG_WRITER_HANDLED
      }, nil, nil)
  }()

  private static func message(_ fields: UnsafePointer<GLogField>?, _ count: gsize) -> String {
    let fields = unsafe UnsafeBufferPointer(start: fields, count: Int(count))
    let field = unsafe fields.first { unsafe g_str_equal($0.key, "MESSAGE") != 0 }
    guard let value = unsafe field?.value else { return "" }
    return unsafe presentable(String(cString: value.assumingMemoryBound(to: CChar.self)))
  }

  /// Ends the process with EX_UNAVAILABLE. GLib would abort here, because it gets no descriptors or
  /// no threads.
  private static func end(_ message: String) -> Never {
    var line = "meti-token: error: the keyring cannot be used: \(message)\n"
    _ = line.withUTF8 { unsafe write(STDERR_FILENO, $0.baseAddress, $0.count) }
    _exit(69)
  }

  /// What may be shown of a text that came from a provider or the bus. What dbus-daemon writes of
  /// an access that it denies repeats our command line, in which `exec` and `curl` carry words that
  /// are not ours to show: the text is cut off there. GLib's own texts have under 400 characters.
  static func presentable(_ text: String) -> String {
    let end = text.firstRange(of: " (uid=")?.lowerBound ?? text.endIndex
    return String(text[..<end].prefix(400))
  }
}
