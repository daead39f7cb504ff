/// The tier in front of the ``CredentialStore``. It never fails: what it cannot do is a miss.
public protocol TokenCache {
  /// The token kept for `selector`, or for the default account where that is the one it names.
  func find(_ selector: AccountSelector, at now: Moment) -> Token?
  /// Where a token is kept for `selector` until the next ``drop(_:)``. Who means to keep what is
  /// about to be read takes it before reading: if somebody takes that back meanwhile, it is kept in
  /// vain.
  func shelf(for selector: AccountSelector) -> Shelf?
  func keep(_ token: borrowing Token, on shelf: Shelf, at now: Moment)
  /// Takes the shelf away where nothing was kept on it, and nothing will be.
  func clear(_ shelf: Shelf)
  /// Forgets the token kept for `selector`, and what others are about to keep on the shelf there
  /// was. Called after a change that makes it another one, or none.
  func drop(_ selector: AccountSelector)
}

/// The place of one selector's token, until it is dropped.
public struct Shelf: Equatable, Sendable {
  public let selector: AccountSelector
  public let number: Int32

  public init(_ selector: AccountSelector, number: Int32) {
    self.selector = selector
    self.number = number
  }
}
