import Glibc
import MetiToken

/// The request of another program on standard input.
enum StandardInput {
  /// What has come when the request is complete or too large, or the input ends. Callers may keep
  /// their end of the pipe open, so its end is not waited for.
  static func request(until deadline: Deadline, _ clock: any Clock) throws -> HelperRequest {
    var request = HelperRequest()
    while !request.isComplete {
      guard isReadable(STDIN_FILENO, until: deadline, clock) else {
        throw Failure(.malformed, "the credential request did not become complete in time")
      }
      var count = 0
      // All that a pipe holds.
      let piece = unsafe Secret(capacity: 65_536) { buffer in
        count = unsafe read(STDIN_FILENO, buffer.baseAddress, buffer.count)
        return count
      }
      if count == 0 { break }
      guard count > 0 || errno == EINTR || errno == EAGAIN else {
        throw Failure.inputOutput("cannot read standard input")
      }
      piece.withBytes { request.append($0) }
    }
    return request
  }

  /// Waits until read(2) has something to say, if only an error (poll(2)); false if `deadline` passes
  /// before.
  static func isReadable(_ descriptor: Int32, until deadline: Deadline, _ clock: any Clock) -> Bool
  {
    while true {
      let remaining = deadline.remaining(at: clock.now())
      guard remaining > 0 else { return false }
      var input = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
      let count = unsafe poll(&input, 1, Int32(clamping: remaining))
      if count > 0 || count < 0 && errno != EINTR { return true }
    }
  }
}
