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

  /// Whether this process has a terminal and is in its foreground (tcgetpgrp(3)). A background job of
  /// a shell stops when it changes the terminal or reads from it.
  public static var isForeground: Bool {
    guard let terminal = Terminal() else { return false }
    return tcgetpgrp(terminal.descriptor) == getpgrp()
  }

  /// Why a question has no answer.
  public enum NoAnswer: Error, Equatable {
    /// Ctrl-C, or the end of input.
    case cancelled
    /// No answer came in time.
    case timedOut
    case failed(errno: Int32)
  }

  private func say(_ text: String) {
    _ = Process.write(text, to: descriptor)
  }

  /// Asks and reads one line, without its newline. What was typed before is no answer.
  /// - Parameters:
  ///   - isSecret: the answer is not echoed.
  ///   - seconds: for the user to answer.
  public func ask(
    _ question: String, isSecret: Bool, seconds: Int64
  ) throws(NoAnswer) -> Secret {
    var original = termios()
    guard unsafe tcgetattr(descriptor, &original) == 0 else { throw .failed(errno: errno) }
    var asking = original
    if isSecret { asking.c_lflag &= ~tcflag_t(ECHO) }
    let signals = SignalWatch([SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP])
    setAttributes(asking)
    say(question)
    // The user's own newline, if the terminal shows it, ends the line of the question.
    var isLineEnded = false
    defer {
      setAttributes(original)
      if !isLineEnded { say("\n") }
    }
    let clock = SystemClock()
    let deadline = Deadline(seconds * 1000, from: clock.now())
    var answer = Secret()
    while true {
      let remaining = deadline.remaining(at: clock.now())
      guard remaining > 0 else { throw .timedOut }
      let readable = File.readable([signals.descriptor, descriptor], within: remaining)
      switch signals.next() {
      case nil: break
      case SIGINT: throw .cancelled
      case SIGTSTP:
        setAttributes(original)
        _ = raise(SIGSTOP)
        // Continued: the screen has changed, so the question is repeated.
        setAttributes(asking)
        say(question)
        answer = Secret()
      case let number?:
        setAttributes(original)
        Process.end(bySignal: number)
      }
      if readable[1], try read(into: &answer) {
        isLineEnded = !isSecret
        return answer
      }
    }
  }

  /// Reads what the terminal has, up to the end of the line.
  /// - Returns: whether that has come.
  private func read(into answer: inout Secret) throws(NoAnswer) -> Bool {
    var byte: UInt8 = 0
    while true {
      switch unsafe Glibc.read(descriptor, &byte, 1) {
      case 1 where byte == UInt8(ascii: "\n"): return true
      case 1: answer.append(byte)
      case 0: throw .cancelled
      case _ where errno == EINTR || errno == EAGAIN: return false
      default: throw .failed(errno: errno)
      }
    }
  }

  /// Discards what was typed and not yet read.
  private func setAttributes(_ attributes: termios) {
    var attributes = attributes
    while unsafe tcsetattr(descriptor, TCSAFLUSH, &attributes) != 0 && errno == EINTR {}
  }
}
