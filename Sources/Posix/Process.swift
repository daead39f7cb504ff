import CLinux
import Glibc
import MetiToken

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
  /// way round.
  public static func occupyStandardStreams() {
    for (number, flags) in [
      (STDIN_FILENO, O_WRONLY), (STDOUT_FILENO, O_RDONLY), (STDERR_FILENO, O_RDONLY),
    ] where fcntl(number, F_GETFD) < 0 {
      // open(2) takes the lowest number that is free, which this one is.
      _ = unsafe open("/dev/null", flags)
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
