import Glibc

extension Process {
  /// The actions that a program which this one executes has to get back.
  ///
  /// A write(2) fails instead of ending this process: with EPIPE if the reader went away, with EFBIG
  /// if a file may not become that large (RLIMIT_FSIZE, setrlimit(2)). If the parent ignored SIGCHLD,
  /// waitpid(2) would not tell how a child ended.
  private static let originalActions = [
    (SIGPIPE, signal(SIGPIPE, SIG_IGN)), (SIGXFSZ, signal(SIGXFSZ, SIG_IGN)),
    (SIGCHLD, signal(SIGCHLD, SIG_DFL)),
  ]

  static func prepareSignals() { _ = originalActions }

  static func restoreSignals() {
    // Not by an iterator: SIG_IGN, the number 1 in an optional function, would look like its end.
    for index in originalActions.indices {
      _ = signal(originalActions[index].0, originalActions[index].1)
    }
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
