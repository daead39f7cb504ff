import Glibc
import Synchronization

extension Process {
  /// Has a write(2) fail instead of ending this process: with EPIPE if the reader went away, with
  /// EFBIG if a file may not become that large (RLIMIT_FSIZE, setrlimit(2)). And waits for children
  /// as usual, whatever the parent did: if SIGCHLD is ignored, waitpid(2) does not tell how they
  /// ended.
  static func prepareSignals() {
    for number in writeSignals where !isIgnored(signal(number, SIG_IGN)) { recordChange(number) }
    if isIgnored(signal(SIGCHLD, SIG_DFL)) { recordChange(SIGCHLD) }
  }

  /// Undoes that, for a program that this process executes.
  static func restoreSignals() {
    for number in writeSignals where isChanged(number) { _ = signal(number, SIG_DFL) }
    if isChanged(SIGCHLD) { _ = signal(SIGCHLD, SIG_IGN) }
  }

  /// The signals that a child must not ignore only because this process does.
  static var ignoredSignals: [Int32] { writeSignals.filter(isChanged) }

  private static let writeSignals = [SIGPIPE, SIGXFSZ]
  /// A bit for each signal whose action was changed at the start.
  private static let changes = Atomic<UInt32>(0)

  private static func recordChange(_ number: Int32) {
    changes.bitwiseOr(1 << UInt32(number), ordering: .relaxed)
  }

  private static func isChanged(_ number: Int32) -> Bool {
    changes.load(ordering: .relaxed) & 1 << UInt32(number) != 0
  }

  /// Ends as by this signal, so that the parent sees what ended the work.
  public static func end(bySignal number: Int32) -> Never {
    var signals = signalSet([number])
    _ = signal(number, SIG_DFL)
    _ = unsafe sigprocmask(SIG_UNBLOCK, &signals, nil)
    _ = raise(number)
    // A signal whose default action ends nothing.
    _exit(128 + number)
  }
}

func signalSet(_ numbers: [Int32]) -> sigset_t {
  var signals = sigset_t()
  unsafe sigemptyset(&signals)
  for number in numbers { unsafe sigaddset(&signals, number) }
  return signals
}

/// Whether this is SIG_IGN, which is the number 1 in the shape of a function.
func isIgnored(_ handler: (@convention(c) (Int32) -> Void)?) -> Bool {
  unsafe unsafeBitCast(handler, to: Int.self) == 1
}
