import CTestSupport
import Foundation
import Glibc

/// A program at a terminal, with the test as its user.
///
/// As at a real terminal the program is started by a shell, which leads the session; were the
/// program itself to lead it, the kernel would reset the terminal at its end, and nobody could
/// tell whether the program left it as it was. So, as in a shell, a program that ends by signal
/// N has the status `.exit(128 + N)`.
final class Terminal {
  private let child: Child
  private let ours: Descriptor
  private let state: TemporaryDirectory
  private var expected = 0

  /// The program's streams are the terminal, or go elsewhere while /dev/tty is the terminal.
  init(
    _ program: Program, _ arguments: [String] = [], environment: [String: String] = [:],
    input: Input = .terminal, output: Output = .terminal, errors: Output = .terminal
  ) throws {
    state = try TemporaryDirectory()
    let ours = try Descriptor("posix_openpt", posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC))
    guard grantpt(ours.number) == 0, unlockpt(ours.number) == 0 else {
      throw SystemCallError("unlockpt")
    }
    var name = [CChar](repeating: 0, count: 64)
    try check("ptsname_r", unsafe ptsname_r(ours.number, &name, name.count))
    let path = String(decoding: name.prefix { $0 != 0 }.map(UInt8.init), as: UTF8.self)
    var size = winsize(ws_row: 24, ws_col: 80, ws_xpixel: 0, ws_ypixel: 0)
    _ = unsafe ioctl(ours.number, UInt(TIOCSWINSZ), &size)

    let script = """
      trap : HUP INT QUIT
      "$@"
      status=$?
      stty -a </dev/tty >"$0" 2>/dev/null
      exit "$status"
      """
    let report = state.path + "/settings"
    let launch = Launch(
      program: "/bin/sh", arguments: ["-c", script, report, program.path] + arguments,
      environment: environment, terminal: path)
    // Until the program has opened the terminal, and between two openings of /dev/tty, somebody
    // else must have it open, or we would read its end.
    let flags = O_RDWR | O_NOCTTY | O_CLOEXEC
    var keeper: Descriptor? = try Descriptor("open \(path)", unsafe open(path, flags))
    self.ours = ours
    child = try Child(
      launch, input: input, output: output, errors: errors, terminal: ours,
      atEnd: { _ = keeper.take() })
  }

  /// Types this. `\u{3}` is Ctrl-C, `\u{4}` is Ctrl-D.
  func send(_ text: String) {
    var bytes = Array(text.utf8)
    _ = unsafe write(ours.number, &bytes, bytes.count)
  }

  /// Waits for this text on the screen, after the text that was expected before.
  func expect(_ text: String, timeout: Duration = .seconds(10)) throws {
    var match: Range<Int>?
    let wanted = Array(text.utf8)
    let isSeen = child.wait(timeout: timeout) {
      match = child.terminal[expected...].firstRange(of: wanted)
      return match != nil
    }
    guard isSeen, let match else { throw Missed(what: text.debugDescription, seen: screen) }
    expected = match.upperBound
  }

  /// All that the terminal was given to show, as far as it was read.
  var screen: String { String(decoding: child.terminal, as: UTF8.self) }

  /// What a redirected stdout was given, as far as it was read.
  var stdout: String { String(decoding: child.stdout, as: UTF8.self) }

  /// Whether typed characters are shown, while the program runs.
  var echoIsOn: Bool {
    var settings = termios()
    return unsafe tcgetattr(ours.number, &settings) == 0
      && settings.c_lflag & tcflag_t(ECHO) != 0
  }

  /// Waits until echo is on, or off; returns whether it came to that.
  func waitForEcho(_ isOn: Bool, timeout: Duration = .seconds(10)) -> Bool {
    let deadline = ContinuousClock.now + timeout
    while echoIsOn != isOn {
      guard ContinuousClock.now < deadline else { return false }
      _ = child.wait(timeout: .milliseconds(5)) { false }
    }
    return true
  }

  /// Whether typed characters were shown after the program's end; nil before.
  var echoWasLeftOn: Bool? {
    let report = state.path + "/settings"
    guard let text = try? String(contentsOfFile: report, encoding: .utf8) else { return nil }
    let words = text.split(whereSeparator: \.isWhitespace)
    return words.contains("echo") ? true : words.contains("-echo") ? false : nil
  }

  /// Sends a signal to the program, not to the shell that started it.
  func signal(_ number: Int32) {
    let list = "/proc/\(child.pid)/task/\(child.pid)/children"
    let text = (try? String(contentsOfFile: list, encoding: .utf8)) ?? ""
    for pid in text.split(separator: " ").compactMap({ pid_t($0) }) {
      kill(pid, number)
    }
  }

  /// Waits for the program's end; kills it after the timeout.
  func wait(timeout: Duration = .seconds(30)) -> Outcome {
    child.wait(timeout: timeout)
  }
}
