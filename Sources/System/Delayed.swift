import CLinux
import Glibc

/// Says something while a thing is under way, if that takes long.
public enum Delayed {
  /// Runs `body`, and `notice` beside it, on a thread of its own, if `body` is not done by then.
  /// Both are over when this returns. Where there are no more threads or descriptors to be had,
  /// `notice` is left out (pthread_create(3), pipe2(2)).
  /// - Parameter milliseconds: for `body` before `notice` runs.
  public static func notice<Result: ~Copyable, Failure: Error>(
    after milliseconds: Int32, _ notice: @escaping @Sendable () -> Void,
    during body: () throws(Failure) -> Result
  ) throws(Failure) -> Result {
    var ends: [Int32] = [-1, -1]
    guard unsafe meti_pipe(&ends) == 0 else { return try body() }
    let watch = unsafe Unmanaged.passRetained(Watch(ends[0], milliseconds, notice))
    // Signals are for the thread that the program runs on.
    var (all, before) = (sigset_t(), sigset_t())
    unsafe sigfillset(&all)
    unsafe pthread_sigmask(SIG_SETMASK, &all, &before)
    var thread = pthread_t()
    let isWatched =
      unsafe pthread_create(
        &thread, nil,
        { context in
          if let context = unsafe context {
            unsafe Unmanaged<Watch>.fromOpaque(context).takeRetainedValue().run()
          }
          return nil
        }, watch.toOpaque()) == 0
    unsafe pthread_sigmask(SIG_SETMASK, &before, nil)
    if !isWatched { unsafe watch.release() }
    defer {
      // Its end of the pipe hangs up.
      close(ends[1])
      if isWatched { pthread_join(thread, nil) }
      close(ends[0])
    }
    return try body()
  }

  private final class Watch: Sendable {
    private let descriptor: Int32
    private let milliseconds: Int32
    private let notice: @Sendable () -> Void

    init(_ descriptor: Int32, _ milliseconds: Int32, _ notice: @escaping @Sendable () -> Void) {
      self.descriptor = descriptor
      self.milliseconds = milliseconds
      self.notice = notice
    }

    func run() {
      var polled = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
      if unsafe poll(&polled, 1, milliseconds) == 0 { notice() }
    }
  }
}
