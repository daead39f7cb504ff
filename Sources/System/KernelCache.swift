import Glibc
import MetiToken

/// Tokens in the Linux kernel's user keyring, a key for each account (``Account/description``),
/// whose payload is a ``CachedForm``.
///
/// The kernel destroys a key when its token ends. Every errno is a miss: containers refuse
/// keyctl(2), or the quota is used up, and then the store answers.
public struct KernelCache: TokenCache {
  private let isEnabled: Bool
  private let suffix: String

  /// - Parameters:
  ///   - isEnabled: false finds and stores nothing; what is cached can still be removed.
  ///   - suffix: tells the tokens of an OAuth client apart that have other scopes, audiences or
  ///     token URLs; empty for the usual ones.
  public init(isEnabled: Bool, suffix: String = "") {
    self.isEnabled = isEnabled
    self.suffix = suffix
  }

  /// No name of an account has a space.
  private func description(_ account: Account) -> String {
    suffix.isEmpty ? account.description : "\(account.description) \(suffix)"
  }

  public func find(_ account: Account, at now: Moment) -> Token? {
    guard isEnabled,
      let payload = try? KernelKey.read(description(account), room: Token.longest + 128)
    else { return nil }
    return CachedForm.token(payload, of: account, at: now)
  }

  public func store(_ token: borrowing Token, of account: Account, at now: Moment) -> CacheResult {
    guard isEnabled else { return .nothing }
    if let payload = CachedForm.pack(token, at: now) {
      let seconds = token.expiry.remaining(at: now) / 1000
      if (try? KernelKey.put(description(account), payload, seconds: seconds)) != nil {
        return .done
      }
    }
    return remove(account) == .oldTokenRemains ? .oldTokenRemains : .nothing
  }

  public func remove(_ account: Account) -> CacheResult {
    let description = description(account)
    do {
      try KernelKey.remove(description)
      return .done
    } catch {
      return error.isAbsence || KernelKey.listed("\(description):").isEmpty
        ? .nothing : .oldTokenRemains
    }
  }

  /// Also those of OAuth clients.
  public func removeAll(at api: APIURL) -> CacheResult {
    var result = CacheResult.nothing
    for key in KernelKey.listed("meti-token:\(api.text)#") {
      do throws(SystemError) {
        try KernelKey.remove(key)
        if result == .nothing { result = .done }
      } catch {
        // One that is absent is another process's, which has read it.
        if !error.isAbsence { result = .oldTokenRemains }
      }
    }
    return result
  }

  /// Stores a key as for a token, reads it and removes it. If the process is killed in between, the
  /// kernel destroys the key after some seconds.
  /// - Throws: why the kernel refuses that.
  public static func probe() throws(SystemError) {
    // Not with the prefix of the tokens' keys, which ``removeAll(at:)`` removes.
    let description = "meti-token-doctor:\(getpid())"
    defer { try? KernelKey.remove(description) }
    try KernelKey.put(description, Secret(copying: "probe"), seconds: 5)
    _ = try KernelKey.read(description, room: 64)
  }
}

extension SystemError {
  /// Whether there is no such key, or none any more.
  fileprivate var isAbsence: Bool {
    [ENOKEY, EKEYEXPIRED, EKEYREVOKED, ENOENT].contains(code)
  }
}
