/// The last token of a program that stays.
public final class TokenMemory {
  fileprivate var kept: Kept?

  public init() {}

  fileprivate final class Kept {
    let token: Token

    init(_ token: borrowing Token) { self.token = token.duplicate() }
  }
}

/// A tier behind which a program's own memory stands, for an account that no keyring keeps: where
/// the tier takes no token, as in a container that forbids keyctl(2), the program asks METI when its
/// token has run out, and not with every question.
///
/// What the tier has taken is not remembered, so that it can be taken back there.
public struct MemoryCache: TokenCache {
  private let tier: any TokenCache
  private let memory: TokenMemory

  public init(before tier: any TokenCache, _ memory: TokenMemory) {
    self.tier = tier
    self.memory = memory
  }

  public func find(_ selector: AccountSelector, at now: Moment) -> Token? {
    if let token = tier.find(selector, at: now) { return token }
    guard let kept = memory.kept, kept.token.expiry.remaining(at: now) > 0,
      selector.name.map({ $0.utf8.elementsEqual(kept.token.account.utf8) }) ?? true
    else { return nil }
    return kept.token.duplicate()
  }

  public func shelf(for selector: AccountSelector) -> Shelf? {
    tier.shelf(for: selector) ?? Shelf(selector, number: Self.ownShelf)
  }

  /// No serial of a key's.
  private static let ownShelf: Int32 = 0

  public func keep(_ token: borrowing Token, on shelf: Shelf, at now: Moment) {
    memory.kept = nil
    if shelf.number != Self.ownShelf { tier.keep(token, on: shelf, at: now) }
    if tier.find(shelf.selector, at: now) == nil { memory.kept = TokenMemory.Kept(token) }
  }

  public func clear(_ shelf: Shelf) {
    if shelf.number != Self.ownShelf { tier.clear(shelf) }
  }

  public func drop(_ selector: AccountSelector) {
    memory.kept = nil
    tier.drop(selector)
  }
}
