import CLinux
import Glibc
import MetiToken

/// A pipe whose ends are closed with it. No program inherits them unless
/// ``Process/start(_:_:environment:streams:inherited:)`` gets them.
public struct Pipe: ~Copyable {
  /// Below 0 if it is closed.
  public private(set) var reading: Int32
  /// Below 0 if it is closed.
  public private(set) var writing: Int32

  /// A pipe for a child to write to; ``read(into:)`` does not wait.
  public init() throws(SystemError) {
    (reading, writing) = try Self.ends()
    // Of this end alone: a child does not expect that its write(2) fails with EAGAIN.
    _ = fcntl(reading, F_SETFL, O_NONBLOCK)
  }

  /// A pipe for a child to read from, with a secret and an end.
  public init(holding secret: borrowing Secret) throws(SystemError) {
    let (reading, writing) = try Self.ends()
    // A user with very many pipes gets one page for each (pipe(7), pipe-user-pages-soft): then
    // write(2) must fail rather than wait for a reader.
    _ = fcntl(writing, F_SETFL, O_NONBLOCK)
    let setSize: Int32 = 1031  // F_SETPIPE_SZ, which Swift's Glibc module leaves out.
    if secret.count > 4096 { _ = fcntl(writing, setSize, Int32(clamping: secret.count)) }
    let isWritten = secret.withBytes { Process.write($0, to: writing) }
    let error = SystemError()
    close(writing)
    guard isWritten else {
      close(reading)
      throw error
    }
    self.reading = reading
    self.writing = -1
  }

  /// The reading and the writing end (pipe2(2)).
  private static func ends() throws(SystemError) -> (Int32, Int32) {
    var ends: [Int32] = [-1, -1]
    guard unsafe meti_pipe(&ends, O_CLOEXEC) == 0 else { throw SystemError() }
    return (ends[0], ends[1])
  }

  deinit {
    if reading >= 0 { close(reading) }
    if writing >= 0 { close(writing) }
  }

  public mutating func closeReading() {
    if reading >= 0 { close(reading) }
    reading = -1
  }

  public mutating func closeWriting() {
    if writing >= 0 { close(writing) }
    writing = -1
  }

  /// Appends what can be read at once, at most 64 KiB, and closes the reading end behind the last.
  public mutating func read(into bytes: inout [UInt8]) {
    var isAtEnd = false
    bytes += unsafe [UInt8](unsafeUninitializedCapacity: 65536) { buffer, count in
      let size = unsafe Glibc.read(reading, buffer.baseAddress, buffer.count)
      isAtEnd = size == 0 || size < 0 && errno != EAGAIN && errno != EINTR
      count = max(size, 0)
    }
    if isAtEnd { closeReading() }
  }
}
