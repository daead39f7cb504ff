import CTestSupport
import Glibc

/// A call to the system that failed.
struct SystemCallError: Error, CustomStringConvertible {
  let call: String
  let code: Int32

  init(_ call: String, code: Int32 = errno) {
    self.call = call
    self.code = code
  }

  var description: String {
    unsafe "\(call): \(String(cString: strerror(code)))"
  }
}

/// Throws where a call that returns an error number returned one.
func check(_ call: String, _ code: Int32) throws(SystemCallError) {
  guard code == 0 else { throw SystemCallError(call, code: code) }
}

/// An open file that is closed with its last reference, and that no child inherits.
final class Descriptor {
  let number: Int32

  /// Takes the result of a call that returns a descriptor or -1.
  init(_ call: String, _ number: Int32) throws(SystemCallError) {
    guard number >= 0 else { throw SystemCallError(call) }
    self.number = number
  }

  deinit {
    close(number)
  }

  static func pipe() throws -> (read: Descriptor, write: Descriptor) {
    var ends: [Int32] = [-1, -1]
    guard unsafe pipe2(&ends, O_CLOEXEC) == 0 else { throw SystemCallError("pipe2") }
    return (try Descriptor("pipe2", ends[0]), try Descriptor("pipe2", ends[1]))
  }

  func makeNonBlocking() {
    _ = fcntl(number, F_SETFL, fcntl(number, F_GETFL) | O_NONBLOCK)
  }
}
