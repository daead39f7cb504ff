import CLinux
import Glibc

/// Whether the kernel's keyring takes, gives and forgets a key here, found out by doing it.
public enum KernelTrial: Equatable, Sendable {
  case works
  /// The call that was refused, and `errno`.
  case refused(call: String, errno: Int32)
  /// What was read is not what was written.
  case garbled

  /// Keeps a key that says nothing, in the way ``KernelCache`` keeps a token, reads it and removes
  /// it. Should the process be killed in between, the kernel destroys the key after some seconds.
  public static func run() -> KernelTrial {
    let payload: [UInt8] = Array("trial".utf8)
    // Not with the prefix of the tokens' keys, which `logout --all` goes by.
    let description = "meti-token-doctor:\(getpid())"
    let added = unsafe meti_key_add(description, payload, payload.count, meti_process_keyring)
    guard let key = Int32(exactly: added), key > 0 else { return refused("add_key") }
    defer {
      _ = meti_key_unlink(key, meti_user_keyring)
      _ = meti_key_unlink(key, meti_process_keyring)
    }
    guard meti_key_set_timeout(key, 5) == 0 else { return refused("KEYCTL_SET_TIMEOUT") }
    guard meti_key_link(key, meti_user_keyring) == 0 else { return refused("KEYCTL_LINK") }
    let found = unsafe meti_key_search(meti_user_keyring, description, meti_process_keyring)
    guard found > 0 else { return refused("KEYCTL_SEARCH") }
    var read = [UInt8](repeating: 0, count: payload.count)
    let size = unsafe meti_key_read(key, &read, read.count)
    guard size >= 0 else { return refused("KEYCTL_READ") }
    return size == payload.count && read == payload ? .works : .garbled
  }

  private static func refused(_ call: String) -> KernelTrial { .refused(call: call, errno: errno) }
}
