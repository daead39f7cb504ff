import Glibc

/// `errno`, after a call that has set it.
public struct SystemError: Error, Equatable, Sendable {
  public let code: Int32

  public init(_ code: Int32 = errno) { self.code = code }

  /// As the C library describes it (strerror(3)).
  public var text: String { unsafe String(cString: strerror(code)) }
}
