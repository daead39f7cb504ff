import CLinux
import Glibc
import MetiToken

/// Live tokens in the Linux kernel's user keyring (`@u`, user-keyring(7)), as keys of type "user".
///
/// The kernel destroys a key by itself before its token runs out. Every errno is a miss: containers
/// refuse keyctl(2), the quota may be used up, and the next tier answers then.
public struct KernelCache: TokenCache {
  public init() {}

  /// The token kept for `selector`, still living at `now`.
  ///
  /// KEYCTL_SEARCH links the key to this process's keyring: without possession a process of cron or
  /// a system service finds the key but may not read it (keyrings(7), "Possession").
  public func find(_ selector: AccountSelector, at now: Moment) -> Token? {
    // A key dies with the boot it was made in, so its boot clock is this one.
    guard let payload = payload(selector.keyDescription),
      let token = Token(stored: payload, bootID: now.bootID)
    else { return nil }
    let remaining = token.expiry.remaining(at: now)
    guard remaining > 0, remaining <= token.lifetime * 1000 else { return nil }
    return token
  }

  /// Keeps `token` until it is too short-lived to be handed out by default.
  ///
  /// The key is made complete in the process keyring and then linked: nobody sees it without its
  /// timeout, which a plain update of a key in `@u` would clear.
  public func keep(_ token: borrowing Token, as selector: AccountSelector, at now: Moment) {
    let margin = MinimumValidity.standard.milliseconds(ofLifetime: token.lifetime)
    let seconds = (token.expiry.remaining(at: now) - margin) / 1000
    guard seconds >= 1 else { return }
    let stored = token.stored()
    let key = stored.withBytes { bytes in
      unsafe bytes.withUnsafeBytes { payload in
        unsafe meti_key_add(
          selector.keyDescription, payload.baseAddress, payload.count, meti_process_keyring)
      }
    }
    guard let key = Int32(exactly: key), key > 0 else { return }
    guard meti_key_set_timeout(key, UInt32(clamping: seconds)) == 0,
      meti_key_link(key, meti_user_keyring) == 0
    else {
      _ = meti_key_unlink(key, meti_process_keyring)
      return
    }
  }

  public func drop(_ selector: AccountSelector) {
    let key = unsafe meti_key_search(meti_user_keyring, selector.keyDescription, 0)
    guard let key = Int32(exactly: key), key > 0 else { return }
    _ = meti_key_unlink(key, meti_user_keyring)
    _ = meti_key_unlink(key, meti_process_keyring)
  }

  /// Drops the keys of every account of `api`, known or not.
  public func dropAll(at api: APIURL) {
    let base = AccountSelector(api: api, name: nil).keyDescription
    for key in Self.userKeys() {
      guard let description = Self.description(key) else { continue }
      if description == base || description.hasPrefix("\(base)#") {
        _ = meti_key_unlink(key, meti_user_keyring)
      }
    }
  }

  /// The serials in the user keyring; the user may read that without possessing it.
  private static func userKeys() -> [Int32] {
    // The quota of an ordinary user is 200 keys; who has more here is root.
    var keys = [Int32](repeating: 0, count: 4096)
    let size = unsafe keys.withUnsafeMutableBytes { buffer in
      unsafe meti_key_read(meti_user_keyring, buffer.baseAddress, buffer.count)
    }
    return Array(keys.prefix(max(size, 0) / MemoryLayout<Int32>.size))
  }

  /// The description of a key of type "user" (KEYCTL_DESCRIBE gives `type;uid;gid;perm;description`).
  private static func description(_ key: Int32) -> String? {
    unsafe withUnsafeTemporaryAllocation(of: CChar.self, capacity: 4096) { buffer in
      let size = unsafe meti_key_describe(key, buffer.baseAddress, buffer.count)
      guard size > 0, size <= buffer.count else { return nil }
      let parts = unsafe String(cString: buffer.baseAddress!)
        .split(separator: ";", maxSplits: 4, omittingEmptySubsequences: false)
      guard parts.count == 5, parts[0] == "user" else { return nil }
      return String(parts[4])
    }
  }

  /// KEYCTL_READ tells the whole size but copies only what fits.
  private func payload(_ description: String) -> Secret? {
    let found = unsafe meti_key_search(meti_user_keyring, description, meti_process_keyring)
    guard let key = Int32(exactly: found), key > 0 else { return nil }
    var room = 4096
    while room <= StoredBody.longest {
      var size = 0
      let secret = unsafe Secret(capacity: room) { buffer in
        size = unsafe meti_key_read(key, buffer.baseAddress, room)
        return size > 0 && size <= room ? size : 0
      }
      guard size > 0 else { return nil }
      if size <= room { return secret }
      room = size
    }
    return nil
  }
}
