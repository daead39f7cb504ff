import Glibc
import MetiToken

/// The controlling terminal, for questions to the user: stdin and stdout may be pipes.
public struct Terminal: ~Copyable {
  private let descriptor: Int32

  /// `nil` if there is no controlling terminal (tty(4), /dev/tty).
  public init?() {
    descriptor = unsafe open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else { return nil }
  }

  deinit { close(descriptor) }

  /// Whether this process is in the foreground (tcgetpgrp(3)). A background job of a shell stops
  /// when it changes the terminal or reads from it.
  public var isForeground: Bool { tcgetpgrp(descriptor) == getpgrp() }

  /// Why a question has no answer.
  public enum NoAnswer: Error, Equatable {
    /// Ctrl-C, or the end of input.
    case cancelled
    /// No answer came in time.
    case timedOut
    /// The answer is as long as a line of the terminal can be, ``longestLine``: what was typed
    /// after that is lost.
    case tooLong
    case failed(errno: Int32)
  }

  public func say(_ text: String) {
    _ = Process.write(text, to: descriptor)
  }

  /// Asks and reads one line, without its newline.
  /// - Parameters:
  ///   - isSecret: the answer is not echoed.
  ///   - seconds: for the user to answer.
  public func ask(
    _ question: String, isSecret: Bool, seconds: Int64
  ) throws(NoAnswer) -> Secret {
    var original = termios()
    guard unsafe tcgetattr(descriptor, &original) == 0 else { throw .failed(errno: errno) }
    let signals = SignalWatch([SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP])
    defer { signals.end() }
    var silent = original
    if isSecret {
      silent.c_lflag &= ~tcflag_t(ECHO)
      // What was typed before is no answer: it is discarded before the question can be read.
      setAttributes(silent)
    }
    say(question)
    // The user's own newline, if the terminal shows it, ends the line of the question.
    var isLineEnded = false
    defer {
      if isSecret { setAttributes(original) }
      if !isLineEnded { say("\n") }
    }
    let clock = SystemClock()
    let deadline = Deadline(seconds * 1000, from: clock.now())
    var answer = Secret()
    while true {
      switch try wait(for: signals, milliseconds: deadline.remaining(at: clock.now())) {
      case .signal(SIGTSTP):
        setAttributes(original)
        _ = raise(SIGSTOP)
        // Continued: the screen has changed, so the question is repeated.
        setAttributes(silent)
        say(question)
        answer = Secret()
      case .signal(SIGINT):
        throw .cancelled
      case .signal(let number):
        setAttributes(original)
        signals.end()
        _ = raise(number)
      case .input:
        switch try readLine(into: &answer) {
        case .unfinished: continue
        case .ended(let byNewline):
          isLineEnded = byNewline && !isSecret
          return answer
        }
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

  /// Bytes without the newline; the terminal drops what follows (termios(3), "Canonical mode").
  private static let longestLine = 4095

  private enum Line {
    case unfinished
    /// By a newline, or by the end of input.
    case ended(byNewline: Bool)
  }

  /// Reads what the terminal has.
  private func readLine(into answer: inout Secret) throws(NoAnswer) -> Line {
    var byte: UInt8 = 0
    while true {
      let count = unsafe read(descriptor, &byte, 1)
      if count == 0 {
        if answer.isEmpty { throw .cancelled }
        return .ended(byNewline: false)
      }
      if count < 0 {
        guard errno == EINTR || errno == EAGAIN else { throw .failed(errno: errno) }
        return .unfinished
      }
      if byte == UInt8(ascii: "\n") { return .ended(byNewline: true) }
      answer.append(byte)
      guard answer.count < Self.longestLine else { throw .tooLong }
      byte = 0
    }
  }

  private func setAttributes(_ attributes: termios) {
    var attributes = attributes
    while unsafe tcsetattr(descriptor, TCSAFLUSH, &attributes) != 0 && errno == EINTR {}
  }
}
