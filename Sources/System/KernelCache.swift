import CLinux

#if !hasFeature(Embedded)
  import Glibc
  import MetiToken
#endif

/// Live tokens in the Linux kernel's user keyring (`@u`, user-keyring(7)), as keys of type "user", each
/// in a keyring of the same name, which is replaced where a token is taken back.
///
/// The kernel destroys a key by itself before its token runs out. Every errno is a miss: containers
/// refuse keyctl(2), the quota may be used up, and the next tier answers then.
public struct KernelCache: TokenCache {
  /// Behind the names of its keys.
  private let variant: TokenVariant

  /// - Parameter variant: of the tokens that are kept and found.
  public init(_ variant: TokenVariant = .none) { self.variant = variant }

  /// No name of an account has a space.
  private func name(_ selector: AccountSelector) -> String {
    guard !variant.text.isEmpty else { return selector.keyDescription }
    return "\(selector.keyDescription) \(variant.text)"
  }

  public func find(_ selector: AccountSelector, at now: Moment) -> Token? {
    if let token = token(selector, at: now) { return token }
    guard let name = selector.name,
      let token = token(AccountSelector(api: selector.api, name: nil), at: now),
      token.account.utf8.elementsEqual(name.utf8)
    else { return nil }
    return token
  }

  /// The token in the selector's own key, still living at `now`.
  ///
  /// KEYCTL_SEARCH links the key to this process's keyring: without possession a process of cron or
  /// a system service finds the key but may not read it (keyrings(7), "Possession").
  private func token(_ selector: AccountSelector, at now: Moment) -> Token? {
    // A key dies with the boot it was made in, so its boot clock is this one.
    guard let payload = payload(name(selector)),
      let token = Token(stored: payload, bootID: now.bootID)
    else { return nil }
    let remaining = token.expiry.remaining(at: now)
    guard remaining > 0, remaining <= token.lifetime * 1000 else { return nil }
    return token
  }

  /// A keyring in `@u` of the name that its key will have, made where there is none.
  ///
  /// Linked to this process's keyring like a key that is found: to put something in takes
  /// possession, too.
  public func shelf(for selector: AccountSelector) -> Shelf? {
    let name = name(selector)
    if let found = Self.keyring(name, linkTo: meti_process_keyring) {
      return Shelf(selector, number: found)
    }
    let new = unsafe meti_keyring_add(name, meti_process_keyring)
    guard let new = Int32(exactly: new), new > 0,
      meti_key_set_timeout(new, Self.emptyLife) == 0
    else { return nil }
    if meti_key_move(new, meti_process_keyring, meti_user_keyring) == 0 || errno == EEXIST,
      let found = Self.keyring(name, linkTo: meti_process_keyring)
    {
      return Shelf(selector, number: found)
    }
    // There is one that has expired, or no KEYCTL_MOVE before Linux 5.3.
    guard meti_key_link(new, meti_user_keyring) == 0 else { return nil }
    return Shelf(selector, number: new)
  }

  /// Seconds in which something must be kept: longer than any call.
  private static let emptyLife: UInt32 = 600

  private static func keyring(_ name: String, linkTo destination: Int32) -> Int32? {
    let found = unsafe meti_keyring_search(meti_user_keyring, name, destination)
    return Int32(exactly: found).flatMap { $0 > 0 ? $0 : nil }
  }

  /// Keeps `token` until it is too short-lived to be handed out by default.
  ///
  /// The key is made complete in the process keyring and then linked: nobody sees it without its
  /// timeout, which a plain update of a key in place would clear. So one that was found before, and
  /// is linked there, is let go of first.
  public func keep(_ token: borrowing Token, on shelf: Shelf, at now: Moment) {
    let margin = MinimumValidity.standard.milliseconds(ofLifetime: token.lifetime)
    let seconds = (token.expiry.remaining(at: now) - margin) / 1000
    guard seconds >= 1 else { return }
    let name = name(shelf.selector)
    let former = unsafe meti_key_search(meti_process_keyring, name, 0)
    if let former = Int32(exactly: former), former > 0 {
      _ = meti_key_unlink(former, meti_process_keyring)
    }
    let stored = token.stored()
    let key = stored.withBytes { bytes in
      unsafe bytes.withUnsafeBytes { payload in
        unsafe meti_key_add(
          name, payload.baseAddress, payload.count, meti_process_keyring)
      }
    }
    guard let key = Int32(exactly: key), key > 0 else { return }
    let life = UInt32(clamping: seconds)
    // The shelf outlives its key, and calls that have seen it.
    guard meti_key_set_timeout(key, life) == 0,
      meti_key_set_timeout(shelf.number, max(life, Self.emptyLife)) == 0,
      meti_key_link(key, shelf.number) == 0
    else {
      _ = meti_key_unlink(key, meti_process_keyring)
      return
    }
  }

  /// To read a keyring tells the size of its list of keys. A key that comes in just then is lost,
  /// which costs its next reader a look into the next tier.
  public func clear(_ shelf: Shelf) {
    guard meti_key_read(shelf.number, nil, 0) == 0 else { return }
    _ = meti_key_unlink(shelf.number, meti_user_keyring)
  }

  /// Takes the selector's keyring out of `@u`. A process that has seen it may still put something
  /// in, where nobody finds it; the kernel destroys it with that process.
  public func drop(_ selector: AccountSelector) {
    guard let keyring = Self.keyring(name(selector), linkTo: 0) else { return }
    _ = meti_key_unlink(keyring, meti_user_keyring)
    _ = meti_key_unlink(keyring, meti_process_keyring)
  }

  /// Drops what is kept for every account of `api`, known or not.
  public func dropAll(at api: APIURL) {
    let base = AccountSelector(api: api, name: nil).keyDescription
    for key in Self.userKeys() {
      guard let name = Self.keyringName(key) else { continue }
      // Byte for byte: to Swift, # and a combining mark after it are one other character.
      if name.utf8.elementsEqual(base.utf8) || name.utf8.starts(with: "\(base)#".utf8) {
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

  /// The name of a keyring (KEYCTL_DESCRIBE gives `type;uid;gid;perm;description`).
  private static func keyringName(_ key: Int32) -> String? {
    unsafe withUnsafeTemporaryAllocation(of: CChar.self, capacity: 4096) { buffer in
      let size = unsafe meti_key_describe(key, buffer.baseAddress, buffer.count)
      guard size > 0, size <= buffer.count else { return nil }
      let parts = unsafe String(cString: buffer.baseAddress!)
        .split(separator: ";", maxSplits: 4, omittingEmptySubsequences: false)
      guard parts.count == 5, parts[0] == "keyring" else { return nil }
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
