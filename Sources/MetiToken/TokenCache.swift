/// The tier in front of the ``CredentialStore``: one token per account. A lookup that fails is a miss.
public protocol TokenCache {
  func find(_ account: Account, at now: Moment) -> Token?
  /// Caches `token` until ``Token/refreshFrom``, in place of the one there was.
  func store(_ token: borrowing Token, of account: Account, at now: Moment) -> CacheResult
  func remove(_ account: Account) -> CacheResult
  /// Removes the tokens of every account of `api`, stored or not.
  func removeAll(at api: APIURL) -> CacheResult
}

/// What became of a change to the cache.
public enum CacheResult: Equatable, Sendable {
  case done
  /// There was nothing to remove, or nothing is cached here.
  case nothing
  /// An older token may still be cached until it expires.
  case oldTokenRemains
}
