import CLinux
import Glibc
import MetiToken

/// How a child ended.
public enum TerminationStatus: Equatable, Sendable {
  case exit(Int32)
  case signal(Int32)

  /// - Parameter status: of waitpid(2), taken apart as by WIFEXITED and its companions.
  init(_ status: Int32) {
    self = status & 0x7F == 0 ? .exit(status >> 8 & 0xFF) : .signal(status & 0x7F)
  }
}

extension Process {
  /// Starts the program at `path` (posix_spawn(3)). It dumps no core and blocks no signals.
  /// - Parameters:
  ///   - arguments: the first is the program's name.
  ///   - files: our descriptors, and the numbers under which the program has them.
  /// - Returns: the process id.
  public static func start(
    _ path: String, _ arguments: [[UInt8]], environment: borrowing Environment,
    files: KeyValuePairs<Int32, Int32>
  ) throws(SystemError) -> pid_t {
    var actions = unsafe posix_spawn_file_actions_t()
    unsafe posix_spawn_file_actions_init(&actions)
    defer { unsafe posix_spawn_file_actions_destroy(&actions) }
    // Onto itself a file only stops being closed on exec (POSIX.1-2024; glibc since 2.29).
    for (file, number) in files {
      unsafe posix_spawn_file_actions_adddup2(&actions, file, number)
    }

    var attributes = posix_spawnattr_t()
    unsafe posix_spawnattr_init(&attributes)
    defer { unsafe posix_spawnattr_destroy(&attributes) }
    var defaults = signalSet([SIGPIPE, SIGXFSZ])
    var blocked = signalSet([])
    unsafe posix_spawnattr_setsigdefault(&attributes, &defaults)
    unsafe posix_spawnattr_setsigmask(&attributes, &blocked)
    unsafe posix_spawnattr_setflags(
      &attributes, Int16(POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK))

    let strings = unsafe arguments.map { string in
      unsafe strdup((string + [0]).map { CChar(bitPattern: $0) })
    }
    defer { _ = unsafe strings.map { unsafe free($0) } }
    var pid: pid_t = 0
    limitCoreDumps()
    let code = unsafe environment.withList { list in
      unsafe posix_spawn(&pid, path, &actions, &attributes, strings + [nil], list)
    }
    guard code == 0 else { throw SystemError(code) }
    return pid
  }

  /// Children inherit the limit. One byte is too little for a core file, and keeps the kernel from
  /// starting a handler as well, which it does with a limit of 0 (core(5), "Piping core dumps").
  private static func limitCoreDumps() {
    let kind = __rlimit_resource_t(RLIMIT_CORE.rawValue)
    var limit = rlimit()
    guard unsafe getrlimit(kind, &limit) == 0 else { return }
    limit.rlim_cur = min(1, limit.rlim_max)
    _ = unsafe setrlimit(kind, &limit)
  }

  /// Waits for the end of a child (waitpid(2)).
  public static func wait(for pid: pid_t) throws(SystemError) -> TerminationStatus {
    var status: Int32 = 0
    while unsafe waitpid(pid, &status, 0) < 0 {
      let error = SystemError()
      guard error.code == EINTR else { throw error }
    }
    return TerminationStatus(status)
  }

  /// What a program wrote, and how it ended.
  public struct Output: Equatable, Sendable {
    public let status: TerminationStatus
    public let output: [UInt8]
    public let errors: [UInt8]
  }

  /// Runs the program at `path` and waits until it has ended.
  /// - Parameter arguments: behind the program's name, which is `path`.
  /// - Throws: ETIMEDOUT if the deadline passes before, which ends the program.
  public static func run(
    _ path: String, _ arguments: [String], environment: borrowing Environment,
    until deadline: Deadline, clock: any Clock
  ) throws(SystemError) -> Output {
    var output = try Pipe()
    var errors = try Pipe()
    let pid = try start(
      path, ([path] + arguments).map { Array($0.utf8) }, environment: environment,
      files: [output.writing: STDOUT_FILENO, errors.writing: STDERR_FILENO])
    output.closeWriting()
    errors.closeWriting()
    var (outputBytes, errorBytes): ([UInt8], [UInt8]) = ([], [])
    while output.reading >= 0 || errors.reading >= 0 {
      let remaining = deadline.remaining(at: clock.now())
      guard remaining > 0 else {
        kill(pid, SIGKILL)
        _ = try wait(for: pid)
        throw SystemError(ETIMEDOUT)
      }
      let readable = File.readable([output.reading, errors.reading], within: remaining)
      if readable[0] { output.read(into: &outputBytes) }
      if readable[1] { errors.read(into: &errorBytes) }
    }
    return Output(status: try wait(for: pid), output: outputBytes, errors: errorBytes)
  }

  /// Executes, in place of this program, the one that the first of the last `count` arguments of
  /// this process names, found in PATH, with those arguments, byte for byte (execvpe(3)).
  /// - Returns: why that failed.
  public static func exec(
    lastArguments count: Int, environment: borrowing Environment
  ) -> SystemError {
    let arguments = unsafe CommandLine.unsafeArgv + (Int(CommandLine.argc) - count)
    guard let program = unsafe arguments.pointee else { return SystemError(EINVAL) }
    restoreSignals()
    let error = unsafe environment.withList { list in
      _ = unsafe execvpe(program, arguments, list)
      return SystemError()
    }
    _ = signal(SIGPIPE, SIG_IGN)
    return error
  }
}
