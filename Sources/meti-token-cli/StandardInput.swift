import Glibc
import HelperProtocols
import MetiToken

/// The request of another program on standard input.
enum StandardInput {
  /// What has come when the request is complete, too large, or the input ends. Callers may keep
  /// their end of the pipe open, so the end is not waited for.
  /// - Parameter form: the protocol where the operation leaves no choice.
  /// - Throws: where the input cannot be read, or `deadline` passes before the request is there.
  static func request(
    form: RequestAccumulator.Form? = nil, until deadline: Deadline, clock: any Clock
  ) throws(Failure) -> RequestAccumulator {
    var request = RequestAccumulator(form: form)
    while request.progress == .incomplete {
      guard try isReadable(STDIN_FILENO, until: end(of: request, deadline, clock), clock) else {
        if request.isBlank { break }
        throw Failure(
          .malformed, "the credential request is incomplete, and no more of it has come in time")
      }
      var count = 0
      // Wiped when it goes, as the request may hold a secret.
      let piece = unsafe Secret(capacity: 4096) { buffer in
        count = unsafe read(STDIN_FILENO, buffer.baseAddress, buffer.count)
        return max(count, 0)
      }
      if count == 0 { break }
      guard count > 0 || errno == EINTR || errno == EAGAIN else {
        throw .inputOutput("cannot read standard input")
      }
      piece.withBytes { request.append(Span<UInt8>(_bytes: $0)) }
    }
    return request
  }

  /// In milliseconds: who means to send JSON after a blank line does so at once.
  private static let blankPause: Int64 = 100

  /// Until when more of `request` is waited for. A blank line may be all that git has to say.
  private static func end(
    of request: borrowing RequestAccumulator, _ deadline: Deadline, _ clock: any Clock
  ) -> Deadline {
    guard request.isBlank else { return deadline }
    let now = clock.now()
    return Deadline(min(deadline.remaining(at: now), blankPause), from: now)
  }

  /// Waits until there is something to read, or an end or error to be told of (poll(2)); false
  /// when `deadline` passes before.
  static func isReadable(
    _ descriptor: Int32, until deadline: Deadline, _ clock: any Clock
  ) throws(Failure) -> Bool {
    while true {
      let remaining = deadline.remaining(at: clock.now())
      guard remaining > 0 else { return false }
      var input = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
      let count = unsafe poll(&input, 1, Int32(clamping: remaining))
      if count > 0 { return true }
      guard count == 0 || errno == EINTR else { throw .inputOutput("cannot wait for input") }
    }
  }
}
