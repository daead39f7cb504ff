import CLinux
import Glibc

/// Short notes in the kernel's user keyring, with nothing secret in them, for where there is no
/// directory to keep them in.
public enum KernelNote {
  /// The note of this name; empty where there is none, or it cannot be read.
  public static func text(of name: String) -> String {
    let found = unsafe meti_key_search(meti_user_keyring, description(name), meti_process_keyring)
    guard let key = Int32(exactly: found), key > 0 else { return "" }
    return unsafe withUnsafeTemporaryAllocation(byteCount: longest, alignment: 1) { buffer in
      let size = unsafe meti_key_read(key, buffer.baseAddress, buffer.count)
      guard size > 0, size <= buffer.count else { return "" }
      return unsafe String(
        validating: UnsafeRawBufferPointer(
          rebasing: UnsafeRawBufferPointer(buffer)[..<size]), as: UTF8.self) ?? ""
    }
  }

  /// Keeps a note in place of the one there was, for so long; an empty one only takes that away.
  /// Like a token's key it is linked when it has its timeout.
  /// - Returns: false where that cannot be done.
  public static func keep(_ text: String, of name: String, seconds: UInt32) -> Bool {
    let name = description(name)
    let former = unsafe meti_key_search(meti_user_keyring, name, meti_process_keyring)
    if let former = Int32(exactly: former), former > 0 {
      _ = meti_key_unlink(former, meti_user_keyring)
      _ = meti_key_unlink(former, meti_process_keyring)
    }
    guard !text.isEmpty else { return true }
    let bytes = Array(text.utf8)
    guard bytes.count <= longest else { return false }
    let added = unsafe meti_key_add(name, bytes, bytes.count, meti_process_keyring)
    guard let key = Int32(exactly: added), key > 0 else { return false }
    return meti_key_set_timeout(key, max(seconds, 1)) == 0
      && meti_key_link(key, meti_user_keyring) == 0
  }

  /// In bytes.
  private static let longest = 4096

  /// Not with the prefix of the tokens' keys, which `logout --all` goes by.
  private static func description(_ name: String) -> String { "meti-token-note:\(name)" }
}
