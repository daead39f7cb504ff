import CLinux
import Glibc
import Synchronization

/// Catches signals that would end or stop the program, and passes them through a pipe, so that
/// something can be put right before they act: a terminal that does not echo, a file, a child.
///
/// Only one at a time: a second one takes the signals over from the first.
public final class SignalWatch {
  /// The write end, for the handler, which may use nothing but write(2) (signal-safety(7)).
  private static let pipe = Atomic<Int32>(-1)

  private var ends: [Int32] = [-1, -1]
  private var previous: [(number: Int32, action: sigaction)] = []
  private var previousMask = sigset_t()
  /// Readable when a signal was caught.
  public var descriptor: Int32 { ends[0] }

  /// Catches `numbers` from now on, also if the parent has blocked them (sigaction(2)). One that is
  /// ignored stays ignored, as under nohup(1).
  public init(_ numbers: [Int32]) {
    _ = unsafe meti_pipe(&ends, O_CLOEXEC | O_NONBLOCK)
    Self.pipe.store(ends[1], ordering: .sequentiallyConsistent)
    for number in numbers {
      var action = sigaction()
      unsafe action.__sigaction_handler.sa_handler = { number in
        let saved = errno
        var byte = UInt8(truncatingIfNeeded: number)
        _ = unsafe write(SignalWatch.pipe.load(ordering: .sequentiallyConsistent), &byte, 1)
        errno = saved
      }
      var before = sigaction()
      guard unsafe sigaction(number, nil, &before) == 0 else { continue }
      if unsafe isIgnored(before.__sigaction_handler.sa_handler) { continue }
      if unsafe sigaction(number, &action, nil) == 0 { previous.append((number, before)) }
    }
    var caught = signalSet(previous.map(\.number))
    unsafe pthread_sigmask(SIG_UNBLOCK, &caught, &previousMask)
  }

  /// The oldest signal caught.
  public func next() -> Int32? {
    var byte: UInt8 = 0
    return unsafe read(ends[0], &byte, 1) == 1 ? Int32(byte) : nil
  }

  /// Waits for a signal, at most so long on the boot clock, which goes on while the machine is
  /// suspended (timerfd_create(2), CLOCK_BOOTTIME). `nil` if none came.
  public func wait(milliseconds: Int64) -> Int32? {
    let timer = timerfd_create(CLOCK_BOOTTIME, Int32(O_CLOEXEC))
    defer { close(timer) }
    let time = max(milliseconds, 1)
    var alarm = itimerspec()
    alarm.it_value = timespec(tv_sec: Int(time / 1000), tv_nsec: Int(time % 1000) * 1_000_000)
    let isSet = unsafe timer >= 0 && timerfd_settime(timer, 0, &alarm, nil) == 0
    var polled = [
      pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0),
      pollfd(fd: timer, events: Int16(POLLIN), revents: 0),
    ]
    while true {
      // Without a timer poll(2) counts, on a clock that suspension stops.
      let count = unsafe poll(&polled, isSet ? 2 : 1, isSet ? -1 : Int32(clamping: time))
      if let number = next() { return number }
      if count < 0 && errno == EINTR { continue }
      return nil
    }
  }

  /// Restores the previous actions.
  public func end() {
    guard ends[0] >= 0 else { return }
    unsafe pthread_sigmask(SIG_SETMASK, &previousMask, nil)
    for (number, action) in previous {
      var action = action
      _ = unsafe sigaction(number, &action, nil)
    }
    previous = []
    Self.pipe.store(-1, ordering: .sequentiallyConsistent)
    for end in ends where end >= 0 { close(end) }
    ends = [-1, -1]
  }

  deinit { end() }
}
