import CLinux
import Glibc
import MetiToken

/// The process itself, as the operating system sees it.
public enum Process {
  /// Puts right, at the start of the program, what a parent may have left: closed standard streams
  /// and an ignored SIGCHLD. Also protects the memory, and makes failed writes errors.
  public static func prepare() {
    // No core dump, and no other process of the user may attach or read `/proc/PID/mem` (prctl(2),
    // PR_SET_DUMPABLE). Ends with the next execve(2).
    _ = meti_set_not_dumpable()
    disableBacktraces()
    occupyStandardStreams()
    prepareSignals()
  }

  /// Lets a crash end the process as in C. If the Swift toolchain is installed, the runtime starts
  /// its backtracer instead, also for Ctrl-\, which writes the registers and the memory around them
  /// to stdout and then waits for a key.
  private static func disableBacktraces() {
    for number in [SIGQUIT, SIGILL, SIGTRAP, SIGABRT, SIGBUS, SIGFPE, SIGSEGV]
    // What the caller ignores (nohup) stays ignored.
    where isIgnored(signal(number, SIG_DFL)) { _ = signal(number, SIG_IGN) }
  }

  /// Opens something on each of the descriptors 0, 1 and 2 that the caller left closed. The next
  /// file to be opened, a lock file or the keyring's socket, would take its number, and be given
  /// the token that is meant for stdout.
  ///
  /// Using it fails with EBADF, as for a closed descriptor: `/dev/null`, opened the other way
  /// round. The programs that this process starts or executes have it closed again.
  private static func occupyStandardStreams() {
    for (number, flags) in [
      (STDIN_FILENO, O_WRONLY), (STDOUT_FILENO, O_RDONLY), (STDERR_FILENO, O_RDONLY),
    ] where fcntl(number, F_GETFD) < 0 {
      // open(2) takes the lowest number that is free, which this one is.
      _ = unsafe open("/dev/null", flags | O_CLOEXEC)
    }
  }

  /// Whether an environment variable is unset, or holds UTF-8 (getenv(3)).
  public static func isUTF8(_ name: String) -> Bool {
    guard let value = unsafe getenv(name) else { return true }
    return unsafe String(validatingCString: value) != nil
  }

  /// The value of an environment variable; `nil` if it is unset (getenv(3)). Bytes that are not
  /// UTF-8 are replaced: see ``isUTF8(_:)``.
  public static func variable(_ name: String) -> String? {
    guard let value = unsafe getenv(name) else { return nil }
    return unsafe String(cString: value)
  }

  /// The value of an environment variable that holds a secret, byte for byte; empty if it is unset.
  public static func secretVariable(_ name: String) -> Secret {
    guard let value = unsafe getenv(name) else { return Secret() }
    return unsafe Secret(copying: UnsafeRawBufferPointer(start: value, count: strlen(value)).bytes)
  }

  /// The last `count` arguments of this process, byte for byte, without their NUL.
  public static func arguments(last count: Int) -> [[UInt8]] {
    (Int(CommandLine.argc) - count..<Int(CommandLine.argc)).map { index in
      guard let text = unsafe CommandLine.unsafeArgv[index] else { return [] }
      return unsafe Array(UnsafeRawBufferPointer(start: text, count: strlen(text)))
    }
  }

  /// The file this program was started from, symbolic links resolved (proc(5), /proc/self/exe).
  public static var executable: String? { File.realPath("/proc/self/exe") }

  /// Writes all of `bytes` to a descriptor, and goes on after signals and short writes (write(2)).
  /// - Returns: false if that fails; `errno` says why.
  public static func write(_ bytes: RawSpan, to descriptor: Int32) -> Bool {
    unsafe bytes.withUnsafeBytes { buffer in
      var rest = unsafe buffer[...]
      while unsafe !rest.isEmpty {
        let slice = unsafe UnsafeRawBufferPointer(rebasing: rest)
        let count = unsafe Glibc.write(descriptor, slice.baseAddress, slice.count)
        if count < 0 && errno == EINTR { continue }
        guard count > 0 else { return false }
        unsafe rest = rest.dropFirst(count)
      }
      return true
    }
  }

  public static func write(_ text: String, to descriptor: Int32) -> Bool {
    var text = text
    return text.withUTF8 { bytes in unsafe write(bytes.span.bytes, to: descriptor) }
  }
}
