import CTestSupport
import Glibc

/// A program that was started, with its streams in our hands.
///
/// Bytes move only within calls: a child that writes more than a pipe holds is held up until
/// one of `wait`, `line`, `expect` is called. A child that is dropped is killed. Not to be
/// shared between threads.
final class Child {
  let pid: pid_t

  /// One of the child's outputs, as far as it was read.
  private struct Source {
    var file: Descriptor?
    var bytes: [UInt8] = []
  }

  private let clock = ContinuousClock()
  private let started: ContinuousClock.Instant
  private let process: Descriptor
  private var ended: ContinuousClock.Instant?
  private var isReaped = false
  private var input: Descriptor?
  private var unsent: [UInt8] = []
  private var isInputOpen = false
  private var sources: [Source]
  private var linesEnd = 0
  private var outcome: Outcome?
  /// Called once, when the child has ended.
  private let atEnd: () -> Void

  /// - Parameters:
  ///   - terminal: the side of the pseudo-terminal that we read and type at, and the path of
  ///     the other one.
  init(
    _ launch: Launch, input: Input = .nothing, output: Output = .pipe, errors: Output = .pipe,
    terminal: Descriptor? = nil, atEnd: @escaping () -> Void = {}
  ) throws {
    _ = Child.readyProcess
    self.atEnd = atEnd
    var theirInput: Descriptor?
    switch input {
    case .nothing: theirInput = try Child.open("/dev/null", O_RDONLY)
    case .terminal: theirInput = try Child.openTerminal(launch)
    case .closed: theirInput = nil
    case .open, .bytes:
      let pipe = try Descriptor.pipe()
      pipe.write.makeNonBlocking()
      theirInput = pipe.read
      self.input = pipe.write
      if case .bytes(let bytes) = input { unsent = bytes } else { isInputOpen = true }
    }
    let (ourOutput, theirOutput) = try Child.end(of: output, launch)
    let (ourErrors, theirErrors) = try Child.end(of: errors, launch)
    terminal?.makeNonBlocking()
    sources = [Source(file: ourOutput), Source(file: ourErrors), Source(file: terminal)]
    started = clock.now
    pid = try launch.start(input: theirInput, output: theirOutput, errors: theirErrors)
    process = try Descriptor("pidfd_open", pidfd_open_call(pid))
  }

  deinit {
    if !isReaped {
      kill(-pid, SIGKILL)
      _ = reap()
    }
  }

  var isRunning: Bool {
    pump(until: clock.now) { ended != nil }
    return ended == nil
  }

  /// What was read so far.
  var stdout: [UInt8] { sources[0].bytes }
  var stderr: [UInt8] { sources[1].bytes }
  var terminal: [UInt8] { sources[2].bytes }

  /// Sends a signal to the child alone.
  func signal(_ number: Int32) {
    if !isReaped { kill(pid, number) }
  }

  /// Queues bytes for an `.open` input.
  func send(_ text: String) {
    unsent += Array(text.utf8)
    pump(until: clock.now) { unsent.isEmpty }
  }

  /// Ends an `.open` input, after all that was sent.
  func closeInput() {
    isInputOpen = false
    pump(until: clock.now) { input == nil }
  }

  /// The next line of stdout, without its newline.
  func line(timeout: Duration = .seconds(20)) throws -> String {
    var end: Int?
    pump(until: clock.now + timeout) {
      end = stdout[linesEnd...].firstIndex(of: UInt8(ascii: "\n"))
      return end != nil || sources[0].file == nil
    }
    guard let end else {
      throw Missed(what: "a line", seen: String(decoding: stdout + stderr, as: UTF8.self))
    }
    defer { linesEnd = end + 1 }
    return String(decoding: stdout[linesEnd..<end], as: UTF8.self)
  }

  /// Waits until what was read satisfies the condition; returns whether it ever did.
  func wait(timeout: Duration, until isDone: () -> Bool) -> Bool {
    pump(until: clock.now + timeout) { isDone() || isOver }
    return isDone()
  }

  /// Waits for the end of the child and of its outputs; kills what is left after the timeout.
  func wait(timeout: Duration = .seconds(30)) -> Outcome {
    if let outcome { return outcome }
    isInputOpen = false
    pump(until: clock.now + timeout) { isOver }
    let isLate = !isOver
    if isLate {
      // Everything it started is in its process group, unless it took care not to be.
      kill(-pid, SIGKILL)
      pump(until: clock.now + .seconds(5)) { isOver }
    }
    let status = reap()
    let outcome = Outcome(
      status: isLate ? .timeout : status, stdout: stdout, stderr: stderr, terminal: terminal,
      seconds: (ended ?? clock.now).seconds(since: started))
    self.outcome = outcome
    return outcome
  }

  // MARK: Moving bytes

  private var isOver: Bool {
    ended != nil && sources.allSatisfy { $0.file == nil }
  }

  private func pump(until deadline: ContinuousClock.Instant, _ isDone: () -> Bool) {
    var isLastTurn = false
    while true {
      if unsent.isEmpty && !isInputOpen { input = nil }
      if isDone() || isLastTurn { return }
      isLastTurn = clock.now >= deadline

      var files: [pollfd] = []
      if ended == nil {
        files.append(pollfd(fd: process.number, events: Int16(POLLIN), revents: 0))
      }
      if let input, !unsent.isEmpty {
        files.append(pollfd(fd: input.number, events: Int16(POLLOUT), revents: 0))
      }
      for case let file? in sources.map(\.file) {
        files.append(pollfd(fd: file.number, events: Int16(POLLIN), revents: 0))
      }
      // One more than the whole milliseconds left, so as not to spin through the last one.
      let left = isLastTurn ? 0 : Int32(min(deadline.seconds(since: clock.now), 3600) * 1000) + 1
      guard unsafe poll(&files, nfds_t(files.count), left) > 0 else { continue }
      for file in files where file.revents != 0 {
        serve(file.fd)
      }
    }
  }

  private func serve(_ number: Int32) {
    if number == process.number {
      ended = clock.now
      atEnd()
    } else if number == input?.number {
      let count = unsafe unsent.withUnsafeBytes { unsafe write(number, $0.baseAddress, $0.count) }
      if count > 0 {
        unsent.removeFirst(count)
      } else if errno != EAGAIN {
        // It reads no more.
        unsent = []
        input = nil
      }
    } else if let index = sources.firstIndex(where: { $0.file?.number == number }) {
      var buffer = [UInt8](repeating: 0, count: 65536)
      let count = unsafe read(number, &buffer, buffer.count)
      if count > 0 {
        sources[index].bytes += buffer[..<count]
      } else if count == 0 || errno != EAGAIN {
        // A terminal that nobody has open any more gives EIO.
        sources[index].file = nil
      }
    }
  }

  private func reap() -> Outcome.Status {
    var status: Int32 = 0
    while unsafe waitpid(pid, &status, 0) < 0 && errno == EINTR {}
    isReaped = true
    // As WIFEXITED and its companions in <sys/wait.h> take it apart.
    return status & 0x7f == 0 ? .exit(status >> 8 & 0xff) : .signal(status & 0x7f)
  }

  // MARK: Opening files

  /// Makes this process fit to have a thousand children, some of which read nothing.
  private static let readyProcess: Void = {
    _ = Glibc.signal(SIGPIPE, SIG_IGN)
    let files = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
    var limit = rlimit()
    unsafe getrlimit(files, &limit)
    limit.rlim_cur = max(limit.rlim_cur, min(limit.rlim_max, 8192))
    unsafe setrlimit(files, &limit)
  }()

  private static func open(_ path: String, _ flags: Int32) throws -> Descriptor {
    try Descriptor("open \(path)", unsafe Glibc.open(path, flags | O_CLOEXEC | O_NOCTTY))
  }

  private static func openTerminal(_ launch: Launch) throws -> Descriptor {
    guard let terminal = launch.terminal else { throw Missed(what: "a terminal", seen: "") }
    return try open(terminal, O_RDWR)
  }

  private static func end(of output: Output, _ launch: Launch) throws -> (
    ours: Descriptor?, theirs: Descriptor?
  ) {
    switch output {
    case .pipe:
      let pipe = try Descriptor.pipe()
      return (pipe.read, pipe.write)
    case .terminal: return (nil, try openTerminal(launch))
    case .file(let path): return (nil, try open(path, O_WRONLY))
    case .closed: return (nil, nil)
    }
  }
}

extension ContinuousClock.Instant {
  func seconds(since earlier: ContinuousClock.Instant) -> Double {
    let duration = earlier.duration(to: self)
    return Double(duration.components.seconds)
      + Double(duration.components.attoseconds) / 1e18
  }
}
