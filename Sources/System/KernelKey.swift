import CLinux
import Glibc
import MetiToken

/// Keys of type "user" in the user keyring `@u` (user-keyring(7)), by their description.
enum KernelKey {
  /// The payload; empty if it is longer than `room`.
  ///
  /// A process of cron or of a system service finds the key, but may read it only if it possesses it
  /// (keyrings(7), "Possession"), so the key is linked to its process keyring. That keyring counts
  /// against the user's quota, so this is the second try.
  static func read(_ description: String, room: Int) throws(SystemError) -> Secret {
    var key = try search(meti_user_keyring, description)
    if meti_key_read(key, nil, 0) < 0, errno == EACCES {
      key = try search(meti_user_keyring, description, linkTo: meti_process_keyring)
    }
    var size = 0
    let payload = unsafe Secret(capacity: room) { buffer in
      size = unsafe meti_key_read(key, buffer.baseAddress, room)
      // keyctl(2) returns the whole size, also if it has copied less.
      return size <= room ? size : 0
    }
    guard size >= 0 else { throw SystemError() }
    return payload
  }

  /// Puts a key in place of the one with this description.
  ///
  /// It is completed in the process keyring and then linked: nobody sees it without its timeout,
  /// which a plain update of a key clears. So an old one that was linked there by a search is
  /// unlinked first.
  /// - Parameter seconds: until the kernel destroys it; 0 would mean never.
  static func put(
    _ description: String, _ payload: borrowing Secret, seconds: Int64
  ) throws(SystemError) {
    if let old = try? search(meti_process_keyring, description) {
      _ = meti_key_unlink(old, meti_process_keyring)
    }
    let key = payload.withBytes { bytes in
      unsafe bytes.withUnsafeBytes { bytes in
        unsafe meti_key_add(description, bytes.baseAddress, bytes.count, meti_process_keyring)
      }
    }
    guard key > 0 else { throw SystemError() }
    guard meti_key_set_timeout(key, UInt32(clamping: max(seconds, 1))) == 0,
      meti_key_link(key, meti_user_keyring) == 0
    else {
      let error = SystemError()
      _ = meti_key_unlink(key, meti_process_keyring)
      throw error
    }
  }

  static func remove(_ description: String) throws(SystemError) {
    try remove(try search(meti_user_keyring, description))
  }

  static func remove(_ key: Int32) throws(SystemError) {
    // Where a search may have linked it.
    _ = meti_key_unlink(key, meti_process_keyring)
    guard meti_key_unlink(key, meti_user_keyring) == 0 else { throw SystemError() }
  }

  private static func search(
    _ keyring: Int32, _ description: String, linkTo destination: Int32 = 0
  ) throws(SystemError) -> Int32 {
    let key = unsafe meti_key_search(keyring, description, destination)
    guard key > 0 else { throw SystemError() }
    return key
  }

  /// The living keys that the kernel lists, in whatever keyring, whose description begins so (proc(5),
  /// /proc/keys). This needs no system call that may be refused.
  static func listed(_ start: String) -> [Int32] {
    let lines = File.text("/proc/keys", limit: 1 << 20)?.utf8.split(separator: 0x0A) ?? []
    return lines.compactMap { line in
      let columns = line.split(separator: 0x20, maxSplits: 8)
      guard columns.count == 9, !columns[3].elementsEqual("expd".utf8),
        columns[7].elementsEqual("user".utf8),
        // Byte for byte: to Swift, # and a combining mark after it are one other character.
        columns[8].drop(while: { $0 == 0x20 }).starts(with: start.utf8)
      else { return nil }
      return Int32(Substring(columns[0]), radix: 16)
    }
  }
}
