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
      do {
        try KernelKey.put(description(account), payload, seconds: seconds)
        return .done
      } catch {}
    }
    return remove(account) == .oldTokenRemains ? .oldTokenRemains : .nothing
  }

  public func remove(_ account: Account) -> CacheResult {
    let description = description(account)
    return result(
      of: { () throws(KernelKey.Refusal) in
        try KernelKey.remove(description)
        return true
      }, about: "\(description):")
  }

  /// Also those of OAuth clients.
  public func removeAll(at api: APIURL) -> CacheResult {
    // Byte for byte: to Swift, # and a combining mark after it are one other character.
    let start = "meti-token:\(api.text)#"
    return result(
      of: { () throws(KernelKey.Refusal) in
        let keys = try KernelKey.all().filter { $0.description.utf8.starts(with: start.utf8) }
        for (key, _) in keys {
          do throws(KernelKey.Refusal) {
            try KernelKey.remove(key)
          } catch {
            guard error.isAbsence else { throw error }
          }
        }
        return !keys.isEmpty
      }, about: start)
  }

  /// - Parameters:
  ///   - removal: returns whether there was anything.
  ///   - start: of the lines of /proc/keys that show what remains.
  private func result(
    of removal: () throws(KernelKey.Refusal) -> Bool, about start: String
  ) -> CacheResult {
    do throws(KernelKey.Refusal) {
      return try removal() ? .done : .nothing
    } catch {
      return !error.isAbsence && KernelKey.isListed(start) ? .oldTokenRemains : .nothing
    }
  }
}
