import Glibc

/// Hands what a child writes on to one of this process's own streams, waiting for neither.
public struct Relay {
  public let source: Channel
  private let target: Int32
  /// Whether the child has no more.
  private var isAtEnd = false
  /// Why the target takes no more.
  public private(set) var failure: SystemError?
  private var pending: ArraySlice<UInt8> = []

  public init(from source: Channel, to target: Int32) {
    self.source = source
    self.target = target
  }

  /// What there is to wait for; `nil` when all was handed on.
  public var poll: pollfd? {
    if !pending.isEmpty { return pollfd(fd: target, events: Int16(POLLOUT), revents: 0) }
    return isAtEnd ? nil : pollfd(fd: source.reading, events: Int16(POLLIN), revents: 0)
  }

  /// Takes what the child has written, where nothing waits to be handed on.
  /// - Returns: whether there was anything.
  public mutating func take() -> Bool {
    guard pending.isEmpty, !isAtEnd else { return false }
    guard let bytes = source.take() else {
      isAtEnd = true
      return false
    }
    pending = bytes[...]
    return !bytes.isEmpty
  }

  /// Hands on what was taken, as far as the target has room. When the target fails the source is
  /// closed, so that the child's writes fail in turn.
  public mutating func give() {
    guard !pending.isEmpty else { return }
    // More than a pipe has room for would wait; no more than PIPE_BUF is ever taken (pipe(7)).
    let count = unsafe pending.withUnsafeBytes { unsafe write(target, $0.baseAddress, $0.count) }
    if count >= 0 {
      pending = pending.dropFirst(count)
    } else if errno != EINTR && errno != EAGAIN {
      failure = SystemError()
      pending = []
      isAtEnd = true
      source.closeReading()
    }
  }
}
