import CLinux
import Glibc
import MetiToken
import Synchronization

/// The process itself, as the operating system sees it.
public enum Process {
  /// No core dump, and no other process of the user may attach or read `/proc/PID/mem`
  /// (prctl(2), PR_SET_DUMPABLE). Ends with the next execve(2).
  public static func harden() {
    _ = meti_set_not_dumpable()
    silenceBacktraces()
  }

  /// Lets a crash end the process as in C. Where the Swift toolchain is installed the runtime would
  /// start its backtracer instead, on Ctrl-\ as well, which writes the registers and the memory
  /// around them to stdout and then waits for a key.
  private static func silenceBacktraces() {
    for number in [SIGQUIT, SIGILL, SIGTRAP, SIGABRT, SIGBUS, SIGFPE, SIGSEGV] {
      var action = sigaction()
      guard unsafe sigaction(number, nil, &action) == 0 else { continue }
      // What the caller ignores (nohup) stays ignored. SIG_IGN is 1, in the shape of a function.
      let handler = unsafe unsafeBitCast(action.__sigaction_handler.sa_handler, to: Int.self)
      if handler != 1 { _ = signal(number, SIG_DFL) }
    }
  }

  /// Puts something on each of the descriptors 0, 1 and 2 that the caller left closed. The next file
  /// to be opened, a lock file or the keyring's socket, would take its number, and be given the
  /// token that is meant for stdout.
  ///
  /// What is put there fails with EBADF, as a closed descriptor does: `/dev/null`, opened the other
  /// way round. What this process becomes or starts has them closed again.
  public static func occupyStandardStreams() {
    for (number, flags) in [
      (STDIN_FILENO, O_WRONLY), (STDOUT_FILENO, O_RDONLY), (STDERR_FILENO, O_RDONLY),
    ] where fcntl(number, F_GETFD) < 0 {
      // open(2) takes the lowest number that is free, which this one is.
      _ = unsafe open("/dev/null", flags | O_CLOEXEC)
    }
  }

  /// The value of an environment variable; `nil` when it is unset (getenv(3)).
  public static func variable(_ name: String) -> String? {
    guard let value = unsafe getenv(name) else { return nil }
    return unsafe String(cString: value)
  }

  /// Whether the argument at `index` (0 is the program's name) is `text`. Much cheaper than
  /// `CommandLine.arguments`, which the thin program feels.
  public static func argument(_ index: Int, is text: StaticString) -> Bool {
    guard index < CommandLine.argc, let argument = unsafe CommandLine.unsafeArgv[index] else {
      return false
    }
    return unsafe strcmp(
      argument,
      UnsafeRawPointer(text.utf8Start)
        .assumingMemoryBound(to: CChar.self)) == 0
  }

  /// Whether the program was called by the name `name`, in whatever directory.
  public static func isCalled(_ name: StaticString) -> Bool {
    guard let path = unsafe CommandLine.unsafeArgv[0] else { return false }
    let slash = unsafe strrchr(path, Int32(UInt8(ascii: "/")))
    let last = unsafe slash.map { unsafe $0 + 1 } ?? path
    return unsafe strcmp(
      last, UnsafeRawPointer(name.utf8Start).assumingMemoryBound(to: CChar.self)) == 0
  }

  /// Whether the program was called by a name that ends in `text`.
  public static func name(endsWith text: StaticString) -> Bool {
    guard CommandLine.argc > 0, let name = unsafe CommandLine.unsafeArgv[0] else { return false }
    let length = unsafe strlen(name)
    guard length >= text.utf8CodeUnitCount else { return false }
    return unsafe memcmp(
      name + length - text.utf8CodeUnitCount, text.utf8Start,
      text.utf8CodeUnitCount) == 0
  }

  /// The file this program was started from, symbolic links resolved (proc(5), /proc/self/exe).
  public static var executable: String? {
    unsafe withUnsafeTemporaryAllocation(of: CChar.self, capacity: Int(PATH_MAX)) { buffer in
      let size = unsafe readlink("/proc/self/exe", buffer.baseAddress!, buffer.count)
      guard size > 0, size < buffer.count else { return nil }
      return unsafe String(
        validating: UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(buffer)[..<size]),
        as: UTF8.self)
    }
  }

  /// Becomes the program at `path`, with this process's arguments and environment (execv(3)).
  /// Returns `errno` when that fails.
  public static func become(_ path: String) -> Int32 {
    _ = unsafe execv(path, CommandLine.unsafeArgv)
    return errno
  }

  /// Becomes the program that the first of the last `count` arguments of this process names, found
  /// in PATH, with those arguments, byte for byte, and `environment` (execvpe(3)). Returns `errno`
  /// when that fails.
  public static func become(
    lastArguments count: Int, environment: borrowing Environment
  ) -> Int32 {
    let arguments = unsafe CommandLine.unsafeArgv + (Int(CommandLine.argc) - count)
    guard let program = unsafe arguments.pointee else { return EINVAL }
    restoreBrokenPipe()
    let error = unsafe environment.withList { list in
      _ = unsafe execvpe(program, arguments, list)
      return errno
    }
    ignoreBrokenPipe()
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
    if endsOnBrokenPipe.load(ordering: .relaxed) {
      var signals = sigset_t()
      unsafe sigemptyset(&signals)
      unsafe sigaddset(&signals, SIGPIPE)
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

  /// Has a write(2) to a reader that went away fail with EPIPE, instead of ending this process.
  public static func ignoreBrokenPipe() {
    let before = signal(SIGPIPE, SIG_IGN)
    if !isIgnored(before) { endsOnBrokenPipe.store(true, ordering: .relaxed) }
  }

  /// Undoes that, for a program that this process becomes: ignored signals stay ignored in it.
  static func restoreBrokenPipe() {
    if endsOnBrokenPipe.load(ordering: .relaxed) { _ = signal(SIGPIPE, SIG_DFL) }
  }

  /// Whether SIGPIPE had its default action when this process started.
  static let endsOnBrokenPipe = Atomic(false)

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

  /// Writes all of `bytes` to a descriptor (write(2)), going on after signals and short writes.
  /// Returns false when that fails; `errno` says why.
  public static func write(_ bytes: RawSpan, to descriptor: Int32) -> Bool {
    unsafe bytes.withUnsafeBytes { buffer in
      var rest = unsafe buffer[...]
      while unsafe !rest.isEmpty {
        let slice = unsafe UnsafeRawBufferPointer(rebasing: rest)
        let written = unsafe Glibc.write(descriptor, slice.baseAddress, slice.count)
        if written < 0 && errno == EINTR { continue }
        guard written > 0 else { return false }
        unsafe rest = rest.dropFirst(written)
      }
      return true
    }
  }

  public static func write(_ text: String, to descriptor: Int32) -> Bool {
    var text = text
    return text.withUTF8 { bytes in unsafe write(bytes.span.bytes, to: descriptor) }
  }
}
