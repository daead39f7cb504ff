import CLinux
import Glibc
import MetiToken

/// Keys of type "user" in the user keyring `@u` (user-keyring(7)), by their description.
enum KernelKey {
  /// The call that the kernel refused, and `errno`.
  struct Refusal: Error {
    let call: String
    let errno: Int32

    init(_ call: String) {
      self.errno = Glibc.errno
      self.call = call
    }

    /// Whether there is no such key, or none any more.
    var isAbsence: Bool { [ENOKEY, EKEYEXPIRED, EKEYREVOKED, ENOENT].contains(errno) }
  }

  /// The payload; empty if it is longer than `room`.
  ///
  /// A process of cron or of a system service finds the key, but may read it only if it possesses it
  /// (keyrings(7), "Possession"), so the key is linked to its process keyring. That keyring counts
  /// against the user's quota, so this is the second try.
  static func read(_ description: String, room: Int) throws(Refusal) -> Secret {
    var key = try search(meti_user_keyring, description)
    if meti_key_read(key, nil, 0) < 0, Glibc.errno == EACCES {
      key = try search(meti_user_keyring, description, linkTo: meti_process_keyring)
    }
    var size = 0
    let payload = unsafe Secret(capacity: room) { buffer in
      size = unsafe meti_key_read(key, buffer.baseAddress, room)
      // keyctl(2) returns the whole size, also if it has copied less.
      return size <= room ? size : 0
    }
    guard size >= 0 else { throw Refusal("KEYCTL_READ") }
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
  ) throws(Refusal) {
    if let old = try? search(meti_process_keyring, description) {
      _ = meti_key_unlink(old, meti_process_keyring)
    }
    let added = payload.withBytes { bytes in
      unsafe bytes.withUnsafeBytes { bytes in
        unsafe meti_key_add(description, bytes.baseAddress, bytes.count, meti_process_keyring)
      }
    }
    guard let key = Int32(exactly: added), key > 0 else { throw Refusal("add_key") }
    do throws(Refusal) {
      guard meti_key_set_timeout(key, UInt32(clamping: max(seconds, 1))) == 0 else {
        throw Refusal("KEYCTL_SET_TIMEOUT")
      }
      guard meti_key_link(key, meti_user_keyring) == 0 else { throw Refusal("KEYCTL_LINK") }
    } catch {
      _ = meti_key_unlink(key, meti_process_keyring)
      throw error
    }
  }

  static func remove(_ description: String) throws(Refusal) {
    try remove(try search(meti_user_keyring, description))
  }

  static func remove(_ key: Int32) throws(Refusal) {
    // Where a search may have linked it.
    _ = meti_key_unlink(key, meti_process_keyring)
    guard meti_key_unlink(key, meti_user_keyring) == 0 else { throw Refusal("KEYCTL_UNLINK") }
  }

  private static func search(
    _ keyring: Int32, _ description: String, linkTo destination: Int32 = 0
  ) throws(Refusal) -> Int32 {
    let found = unsafe meti_key_search(keyring, description, destination)
    guard let key = Int32(exactly: found), key > 0 else { throw Refusal("KEYCTL_SEARCH") }
    return key
  }

  /// The keys of the user keyring and their descriptions; the user may read both without
  /// possession.
  static func all() throws(Refusal) -> [(key: Int32, description: String)] {
    // The quota of an ordinary user is 200 keys; only root has more.
    var keys = [Int32](repeating: 0, count: 4096)
    let size = unsafe keys.withUnsafeMutableBytes { buffer in
      unsafe meti_key_read(meti_user_keyring, buffer.baseAddress, buffer.count)
    }
    guard size >= 0 else { throw Refusal("KEYCTL_READ") }
    return keys.prefix(size / MemoryLayout<Int32>.size).compactMap { key in
      description(of: key).map { (key, $0) }
    }
  }

  /// Of a key of type "user" (KEYCTL_DESCRIBE gives `type;uid;gid;perm;description`).
  private static func description(of key: Int32) -> String? {
    unsafe withUnsafeTemporaryAllocation(of: CChar.self, capacity: 4096) { buffer in
      let size = unsafe meti_key_describe(key, buffer.baseAddress, buffer.count)
      guard size > 0, size <= buffer.count else { return nil }
      let parts = unsafe String(cString: buffer.baseAddress!)
        .split(separator: ";", maxSplits: 4, omittingEmptySubsequences: false)
      return parts.count == 5 && parts[0] == "user" ? String(parts[4]) : nil
    }
  }

  /// Whether the kernel lists a living key whose description begins so, in whatever keyring
  /// (proc(5), /proc/keys). This needs no system call that may be refused.
  static func isListed(_ start: String) -> Bool {
    let lines = File.text("/proc/keys", limit: 1 << 20)?.utf8.split(separator: 0x0A) ?? []
    return lines.contains { line in
      let columns = line.split(separator: 0x20, maxSplits: 8)
      return columns.count == 9 && !columns[3].elementsEqual("expd".utf8)
        && columns[7].elementsEqual("user".utf8)
        && columns[8].drop { $0 == 0x20 }.starts(with: start.utf8)
    }
  }
}
