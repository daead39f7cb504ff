import CLinux
import Glibc
import MetiToken

/// A pipe whose ends are closed with it. No program inherits them unless
/// ``Process/start(_:_:environment:files:)`` gets them.
public struct Pipe: ~Copyable {
  /// Below 0 if it is closed. Does not wait.
  public private(set) var reading: Int32
  /// Below 0 if it is closed.
  public private(set) var writing: Int32

  /// An empty pipe (pipe2(2)).
  public init() throws(SystemError) {
    var ends: [Int32] = [-1, -1]
    guard unsafe pipe2(&ends, O_CLOEXEC) == 0 else { throw SystemError() }
    (reading, writing) = (ends[0], ends[1])
    _ = fcntl(reading, F_SETFL, O_NONBLOCK)
  }

  /// A pipe for a child to read from, with a secret and an end.
  public init(holding secret: borrowing Secret) throws(SystemError) {
    var pipe = try Pipe()
    // A user with very many pipes gets one page for each (pipe(7), pipe-user-pages-soft): then
    // write(2) must fail rather than wait for a reader.
    _ = fcntl(pipe.writing, F_SETFL, O_NONBLOCK)
    guard secret.withBytes({ Process.write($0, to: pipe.writing) }) else { throw SystemError() }
    pipe.closeWriting()
    self = pipe
  }

  deinit {
    if reading >= 0 { close(reading) }
    if writing >= 0 { close(writing) }
  }

  public mutating func closeWriting() {
    close(writing)
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
    guard isAtEnd else { return }
    close(reading)
    reading = -1
  }
}
