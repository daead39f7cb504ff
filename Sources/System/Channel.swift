import CLinux
import Glibc

/// Two ends, one for this process and one for a child, closed with the last reference. No program
/// inherits either unless ``Process/spawn(_:_:environment:inherited:input:output:errors:)`` is told to.
public final class Channel {
  /// Where bytes come out, without waiting for any.
  public private(set) var reading: Int32
  /// Where bytes go in. Of a pipe, without waiting for room.
  public private(set) var writing: Int32

  private init(_ reading: Int32, _ writing: Int32) {
    self.reading = reading
    self.writing = writing
  }

  deinit {
    closeReading()
    closeWriting()
  }

  /// A pipe with room for at least `room` bytes (pipe2(2)). Its ends are never 0, 1 or 2, even where
  /// those are closed.
  public static func pipe(room: Int = 4096) throws(SystemError) -> Channel {
    var ends: [Int32] = [-1, -1]
    guard unsafe meti_pipe(&ends) == 0 else { throw SystemError() }
    let channel = Channel(ends[0], ends[1])
    channel.reading = try lifted(channel.reading)
    channel.writing = try lifted(channel.writing)
    // A user with very many pipes is given one page for each (pipe(7), pipe-user-pages-soft).
    let setSize: Int32 = 1031  // F_SETPIPE_SZ, which Swift's Glibc module leaves out.
    if room > 4096 { _ = fcntl(channel.writing, setSize, Int32(clamping: room)) }
    return channel
  }

  /// A terminal as wide as the terminal `real`, which changes no byte (openpty(3), cfmakeraw(3)): a
  /// child behaves on it as on the real one, and what it writes can be held back.
  public static func terminal(like real: Int32) throws(SystemError) -> Channel {
    var settings = termios()
    var size = winsize()
    guard unsafe tcgetattr(real, &settings) == 0 else { throw SystemError() }
    unsafe cfmakeraw(&settings)
    _ = unsafe ioctl(real, UInt(TIOCGWINSZ), &size)
    var (ours, theirs): (Int32, Int32) = (-1, -1)
    guard unsafe openpty(&ours, &theirs, nil, &settings, &size) == 0 else { throw SystemError() }
    for end in [ours, theirs] { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
    _ = fcntl(ours, F_SETFL, fcntl(ours, F_GETFL) | O_NONBLOCK)
    return Channel(ours, theirs)
  }

  public func closeReading() {
    if reading >= 0 { close(reading) }
    reading = -1
  }

  public func closeWriting() {
    if writing >= 0 { close(writing) }
    writing = -1
  }

  /// What can be read at once: `nil` at the end, empty where there is nothing yet.
  public func take() -> [UInt8]? {
    var isAtEnd = false
    let bytes = unsafe [UInt8](unsafeUninitializedCapacity: 4096) { buffer, count in
      var got = 0
      repeat {
        got = unsafe read(reading, buffer.baseAddress, buffer.count)
      } while got < 0 && errno == EINTR
      // A terminal gives EIO when the child has closed it.
      isAtEnd = got == 0 || (got < 0 && errno != EAGAIN)
      count = max(got, 0)
    }
    return isAtEnd ? nil : bytes
  }

  private static func lifted(_ descriptor: Int32) throws(SystemError) -> Int32 {
    guard descriptor <= STDERR_FILENO else { return descriptor }
    let lifted = fcntl(descriptor, F_DUPFD_CLOEXEC, STDERR_FILENO + 1)
    let error = SystemError()
    guard lifted >= 0 else { throw error }
    close(descriptor)
    return lifted
  }
}

/// `errno`, after a call that has set it.
public struct SystemError: Error, Equatable {
  public let code: Int32

  public init(_ code: Int32 = errno) { self.code = code }

  public var text: String { unsafe String(cString: strerror(code)) }
}
