import CLinux

#if !hasFeature(Embedded)
  import Glibc
  import MetiToken
#endif

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

  /// Whether an environment variable is unset, or holds UTF-8 (getenv(3)).
  public static func isLegible(_ name: String) -> Bool {
    guard let value = unsafe getenv(name) else { return true }
    return unsafe UnsafeRawBufferPointer(start: value, count: strlen(value)).bytes.isUTF8
  }

  /// The value of an environment variable; `nil` when it is unset (getenv(3)). What is not UTF-8 is
  /// replaced, so ask first whether it ``isLegible(_:)`` where that makes a difference.
  public static func variable(_ name: String) -> String? {
    guard let value = unsafe getenv(name) else { return nil }
    return unsafe String(cString: value)
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

  /// Becomes the program at `path`, with these arguments and this process's environment (execv(3)).
  /// Returns `errno` when that fails.
  public static func become(_ path: String, _ arguments: Arguments) -> Int32 {
    _ = unsafe execv(path, arguments.values)
    return errno
  }

  /// Writes all of `bytes` to a descriptor (write(2)), going on after signals and short writes.
  /// Returns false when that fails; `errno` says why.
  public static func write(_ bytes: RawSpan, to descriptor: Int32) -> Bool {
    unsafe bytes.withUnsafeBytes { buffer in
      var rest = unsafe buffer[...]
      while unsafe !rest.isEmpty {
        let slice = unsafe UnsafeRawBufferPointer(rebasing: rest)
        let written = unsafe writeSome(descriptor, slice.baseAddress, slice.count)
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

/// write(2). Inside ``Process`` the name is taken.
private func writeSome(_ descriptor: Int32, _ start: UnsafeRawPointer?, _ count: Int) -> Int {
  unsafe write(descriptor, start, count)
}
