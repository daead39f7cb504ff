import CLinux
import Glibc
import Synchronization

/// Catches signals that would end or stop the program, and passes them through a pipe, so that
/// something can be put right before they act: a terminal that does not echo, a file, a child.
///
/// Only one at a time: a second one takes the signals over from the first.
@safe public struct SignalWatch: ~Copyable {
  /// The write end, for the handler, which may use nothing but write(2) (signal-safety(7)).
  private static let pipe = Atomic<Int32>(-1)

  private var ends: [Int32] = [-1, -1]
  private var previous: [(number: Int32, action: (@convention(c) (Int32) -> Void)?)] = []
  /// Readable when a signal was caught.
  public var descriptor: Int32 { ends[0] }

  /// Catches `numbers` from now on, also if the parent has blocked them (signal(2)). One that is
  /// ignored stays ignored, as under nohup(1).
  public init(_ numbers: [Int32]) {
    _ = unsafe pipe2(&ends, O_CLOEXEC | O_NONBLOCK)
    Self.pipe.store(ends[1], ordering: .sequentiallyConsistent)
    for number in numbers {
      let action = signal(number) { number in
        let saved = errno
        var byte = UInt8(truncatingIfNeeded: number)
        _ = unsafe write(SignalWatch.pipe.load(ordering: .sequentiallyConsistent), &byte, 1)
        errno = saved
      }
      if isIgnored(action) {
        _ = signal(number, SIG_IGN)
      } else {
        previous.append((number, action))
      }
    }
    var caught = signalSet(numbers)
    unsafe pthread_sigmask(SIG_UNBLOCK, &caught, nil)
  }

  /// The oldest signal caught.
  public func next() -> Int32? {
    var byte: UInt8 = 0
    return unsafe read(ends[0], &byte, 1) == 1 ? Int32(byte) : nil
  }

  /// Waits for a signal; `nil` if none came in time.
  public func wait(milliseconds: Int64) -> Int32? {
    _ = File.readable([descriptor], within: milliseconds)
    return next()
  }

  /// Restores the previous actions.
  deinit {
    for (number, action) in previous { _ = signal(number, action) }
    Self.pipe.store(-1, ordering: .sequentiallyConsistent)
    for end in ends { close(end) }
  }
}
