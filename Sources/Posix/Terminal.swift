import CLinux
import Glibc
import MetiToken
import Synchronization

/// The controlling terminal, for questions to a person: stdin and stdout may be pipes.
public struct Terminal: ~Copyable {
  private let descriptor: Int32

  /// `nil` when there is no controlling terminal (tty(4), /dev/tty).
  public init?() {
    descriptor = unsafe open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else { return nil }
  }

  deinit { close(descriptor) }

  /// Why a question has no answer.
  public enum NoAnswer: Error, Equatable {
    /// Ctrl-C, or the end of input.
    case cancelled
    /// Nobody answered in time.
    case timedOut
    /// The answer is longer than a terminal line can be.
    case tooLong
    case failed(errno: Int32)
  }

  public func say(_ text: String) {
    _ = Process.write(text, to: descriptor)
  }

  /// Asks and reads one line, without its newline.
  /// - Parameters:
  ///   - isSecret: the answer is not echoed.
  ///   - seconds: for the person to answer in.
  public func ask(
    _ question: String, isSecret: Bool, seconds: Int64
  ) throws(NoAnswer) -> Secret {
    var original = termios()
    guard unsafe tcgetattr(descriptor, &original) == 0 else { throw .failed(errno: errno) }
    let signals = SignalWatch()
    defer { signals.end() }
    var silent = original
    if isSecret {
      silent.c_lflag &= ~tcflag_t(ECHO)
      // What was typed before is no answer, and is thrown away before the question can be read.
      setAttributes(silent)
    }
    say(question)
    defer {
      if isSecret {
        setAttributes(original)
        say("\n")
      }
    }
    let clock = SystemClock()
    let deadline = Deadline(seconds * 1000, from: clock.now())
    var answer = Secret()
    while true {
      switch try wait(for: signals, milliseconds: deadline.remaining(at: clock.now())) {
      case .signal(SIGTSTP):
        setAttributes(original)
        _ = raise(SIGSTOP)
        // Continued: ask again from the start, as the screen has changed.
        setAttributes(silent)
        say(question)
        answer = Secret()
      case .signal(SIGINT):
        say("\n")
        throw .cancelled
      case .signal(let number):
        setAttributes(original)
        signals.end()
        _ = raise(number)
      case .input:
        if try readLine(into: &answer) { return answer }
      }
    }
  }

  private enum Event {
    case input
    case signal(Int32)
  }

  private func wait(for signals: SignalWatch, milliseconds: Int64) throws(NoAnswer) -> Event {
    guard milliseconds > 0 else { throw .timedOut }
    var polled = [
      pollfd(fd: signals.descriptor, events: Int16(POLLIN), revents: 0),
      pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0),
    ]
    let count = unsafe poll(&polled, 2, Int32(clamping: milliseconds))
    if let number = signals.next() { return .signal(number) }
    if count == 0 { throw .timedOut }
    if count < 0 && errno != EINTR { throw .failed(errno: errno) }
    return polled[1].revents != 0 ? .input : try wait(for: signals, milliseconds: milliseconds)
  }

  /// Takes what the terminal has; true when the line is complete.
  private func readLine(into answer: inout Secret) throws(NoAnswer) -> Bool {
    var byte: UInt8 = 0
    while true {
      let count = unsafe read(descriptor, &byte, 1)
      if count == 0 {
        if answer.isEmpty { throw .cancelled }
        return true
      }
      if count < 0 {
        guard errno == EINTR || errno == EAGAIN else { throw .failed(errno: errno) }
        return false
      }
      if byte == UInt8(ascii: "\n") { return true }
      guard answer.count < Credential.longestSecret else { throw .tooLong }
      answer.append(byte)
      byte = 0
    }
  }

  private func setAttributes(_ attributes: termios) {
    var attributes = attributes
    while unsafe tcsetattr(descriptor, TCSAFLUSH, &attributes) != 0 && errno == EINTR {}
  }
}

/// Catches the signals that would end or stop the program while the terminal does not echo, and
/// passes them through a pipe, so that the terminal is put right before they act.
private final class SignalWatch {
  static let caught = [SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP]
  /// The write end, for the handler, which may use nothing but write(2) (signal-safety(7)).
  static let pipe = Atomic<Int32>(-1)

  private var ends: [Int32] = [-1, -1]
  private var previous: [(number: Int32, action: sigaction)] = []
  var descriptor: Int32 { ends[0] }

  init() {
    _ = unsafe meti_pipe(&ends)
    Self.pipe.store(ends[1], ordering: .sequentiallyConsistent)
    for number in Self.caught {
      var action = sigaction()
      unsafe action.__sigaction_handler.sa_handler = { number in
        let saved = errno
        var byte = UInt8(truncatingIfNeeded: number)
        _ = unsafe write(SignalWatch.pipe.load(ordering: .sequentiallyConsistent), &byte, 1)
        errno = saved
      }
      var before = sigaction()
      guard unsafe sigaction(number, nil, &before) == 0 else { continue }
      // A signal that the caller ignores (nohup) stays ignored.
      if unsafe before.__sigaction_handler.sa_handler.isIgnored { continue }
      if unsafe sigaction(number, &action, nil) == 0 { previous.append((number, before)) }
    }
  }

  /// The oldest signal caught.
  func next() -> Int32? {
    var byte: UInt8 = 0
    return unsafe read(ends[0], &byte, 1) == 1 ? Int32(byte) : nil
  }

  /// Puts the former actions back.
  func end() {
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

extension Optional where Wrapped == @convention(c) (Int32) -> Void {
  /// Whether this is SIG_IGN, which is the number 1 in the shape of a function.
  fileprivate var isIgnored: Bool { unsafe unsafeBitCast(self, to: Int.self) == 1 }
}
