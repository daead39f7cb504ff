import CLinux
import Glibc
import MetiToken
import Synchronization

extension Process {
  /// Becomes the program that the first of the last `count` arguments of this process names, found
  /// in PATH, with those arguments, byte for byte, and `environment` (execvpe(3)). Returns `errno`
  /// when that fails.
  public static func become(
    lastArguments count: Int, environment: borrowing Environment
  ) -> Int32 {
    let arguments = unsafe CommandLine.unsafeArgv + (Int(CommandLine.argc) - count)
    guard let program = unsafe arguments.pointee else { return EINVAL }
    restoreWriteSignals()
    let error = unsafe environment.withList { list in
      _ = unsafe execvpe(program, arguments, list)
      return errno
    }
    ignoreWriteSignals()
    return error
  }

  /// The last `count` arguments of this process, byte for byte, without their NUL.
  public static func arguments(last count: Int) -> [[UInt8]] {
    (Int(CommandLine.argc) - count..<Int(CommandLine.argc)).map { index in
      guard let text = unsafe CommandLine.unsafeArgv[index] else { return [] }
      return unsafe UnsafeBufferPointer(start: text, count: strlen(text)).map {
        UInt8(bitPattern: $0)
      }
    }
  }

  /// How a child ended.
  public enum Ending: Equatable, Sendable {
    case exit(Int32)
    case signal(Int32)
  }

  /// Starts the program at `path` (posix_spawn(3)).
  /// - Parameters:
  ///   - arguments: the first is the program's name.
  ///   - inherited: descriptors that the program has under the same numbers.
  ///   - input: what it has as its standard input; this process's own where `nil`.
  ///   - output: what it has as its standard output; this process's own where `nil`.
  ///   - errors: the same for standard error.
  /// - Returns: the process id.
  public static func spawn(
    _ path: String, _ arguments: [[UInt8]], environment: borrowing Environment, inherited: [Int32],
    input: Int32? = nil, output: Int32? = nil, errors: Int32? = nil
  ) throws(SystemError) -> pid_t {
    var actions = unsafe posix_spawn_file_actions_t()
    unsafe posix_spawn_file_actions_init(&actions)
    defer { unsafe posix_spawn_file_actions_destroy(&actions) }
    for (file, number) in [
      (input, STDIN_FILENO), (output, STDOUT_FILENO), (errors, STDERR_FILENO),
    ] {
      if let file { unsafe posix_spawn_file_actions_adddup2(&actions, file, number) }
    }
    // Onto itself it only stops being closed on exec (POSIX.1-2024; glibc since 2.29).
    for file in inherited { unsafe posix_spawn_file_actions_adddup2(&actions, file, file) }

    var attributes = posix_spawnattr_t()
    unsafe posix_spawnattr_init(&attributes)
    defer { unsafe posix_spawnattr_destroy(&attributes) }
    if !endingSignals.isEmpty {
      var signals = sigset_t()
      unsafe sigemptyset(&signals)
      for number in endingSignals { unsafe sigaddset(&signals, number) }
      unsafe posix_spawnattr_setsigdefault(&attributes, &signals)
      unsafe posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGDEF))
    }

    let strings = arguments.map { $0.map { CChar(bitPattern: $0) } + [0] }
    var pid: pid_t = 0
    let code = unsafe strings.withCList { argv in
      unsafe environment.withList { envp in
        unsafe posix_spawn(&pid, path, &actions, &attributes, argv, envp)
      }
    }
    guard code == 0 else { throw SystemError(code) }
    return pid
  }

  /// Waits for the end of a child (waitpid(2)).
  public static func wait(for pid: pid_t) -> Ending {
    var status: Int32 = 0
    while unsafe waitpid(pid, &status, 0) < 0 && errno == EINTR {}
    // As WIFEXITED and its companions in <sys/wait.h> take it apart.
    return status & 0x7F == 0 ? .exit(status >> 8 & 0xFF) : .signal(status & 0x7F)
  }

  /// Has a write(2) fail instead of ending this process: with EPIPE where the reader went away, with
  /// EFBIG where a file may not become that large (RLIMIT_FSIZE, setrlimit(2)).
  public static func ignoreWriteSignals() {
    for (number, bit) in writeSignals where !isIgnored(signal(number, SIG_IGN)) {
      endingBits.bitwiseOr(bit, ordering: .relaxed)
    }
  }

  /// Undoes that, for a program that this process becomes: ignored signals stay ignored in it.
  static func restoreWriteSignals() {
    for number in endingSignals { _ = signal(number, SIG_DFL) }
  }

  /// Those of the write signals that had their default action when this process started.
  static var endingSignals: [Int32] {
    let bits = endingBits.load(ordering: .relaxed)
    return writeSignals.filter { bits & $0.bit != 0 }.map(\.number)
  }

  private static let writeSignals: [(number: Int32, bit: UInt8)] = [(SIGPIPE, 1), (SIGXFSZ, 2)]
  private static let endingBits = Atomic<UInt8>(0)

  /// Ends as by this signal, so that the parent sees what ended the work.
  public static func end(bySignal number: Int32) -> Never {
    var signals = sigset_t()
    unsafe sigemptyset(&signals)
    unsafe sigaddset(&signals, number)
    _ = signal(number, SIG_DFL)
    _ = unsafe sigprocmask(SIG_UNBLOCK, &signals, nil)
    _ = raise(number)
    // A signal whose default action ends nothing.
    _exit(128 + number)
  }
}
