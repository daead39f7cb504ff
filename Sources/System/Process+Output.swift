import Glibc
import MetiToken

extension Process {
  /// What a program writes to its standard output before it ends, as far as it does so in time. It
  /// reads nothing, its other words are dropped, and it is ended with SIGKILL when this returns.
  ///
  /// - Parameters:
  ///   - arguments: the first is the program's name.
  ///   - room: how many bytes are kept at most.
  ///   - deadline: when it is given up.
  /// - Returns: `nil` where it cannot be started, or has not ended its output in time.
  public static func output(
    of path: String, _ arguments: [String], environment: borrowing Environment, atMost room: Int,
    until deadline: Deadline, _ clock: any Clock
  ) -> [UInt8]? {
    let nothing = unsafe open("/dev/null", O_RDWR | O_CLOEXEC)
    guard nothing >= 0 else { return nil }
    defer { close(nothing) }
    guard let channel = try? Channel.pipe() else { return nil }
    let pid = try? spawn(
      path, arguments.map { Array($0.utf8) }, environment: environment, inherited: [],
      input: nothing, output: channel.writing, errors: nothing)
    guard let pid else { return nil }
    defer {
      kill(pid, SIGKILL)
      _ = wait(for: pid)
    }
    channel.closeWriting()
    var bytes: [UInt8] = []
    while bytes.count < room {
      let remaining = deadline.remaining(at: clock.now())
      guard remaining > 0 else { return nil }
      var file = pollfd(fd: channel.reading, events: Int16(POLLIN), revents: 0)
      guard unsafe poll(&file, 1, Int32(clamping: remaining)) > 0 else { continue }
      guard let more = channel.take() else { return bytes }
      bytes += more
    }
    return Array(bytes.prefix(room))
  }

  /// Whether `bytes` of memory can be kept out of swap (mlock(2)).
  public static func canLockMemory(_ bytes: Int) -> Bool {
    let start = unsafe mmap(nil, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
    guard let start = unsafe start, unsafe start != MAP_FAILED else { return false }
    defer { _ = unsafe munmap(start, bytes) }
    return unsafe mlock(start, bytes) == 0
  }
}
