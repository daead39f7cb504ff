import Glibc
import MetiToken

/// Whether the kernel's keyring stores and returns a key here, found out by trying.
public enum KernelProbe: Equatable, Sendable {
  case works
  /// The call that was refused, and `errno`.
  case refused(call: String, errno: Int32)
  /// The kernel returns other bytes than were written.
  case garbled

  /// Stores a key as ``KernelCache`` does, reads it and removes it. If the process is killed in
  /// between, the kernel destroys the key after some seconds.
  public static func run() -> KernelProbe {
    // Not with the prefix of the tokens' keys, which ``KernelCache/removeAll(at:)`` removes.
    let description = "meti-token-doctor:\(getpid())"
    let payload = Secret(copying: "probe")
    do throws(KernelKey.Refusal) {
      try KernelKey.put(description, payload, seconds: 5)
      let read = try KernelKey.read(description, room: 64)
      try KernelKey.remove(description)
      return read.equals(payload) ? .works : .garbled
    } catch {
      try? KernelKey.remove(description)
      return .refused(call: error.call, errno: error.errno)
    }
  }
}
