/// Why the keyring could not do what was asked.
public struct KeyringError: Error, Equatable {
  public enum Kind: Equatable, Sendable {
    /// There is no session bus, or it does not accept us.
    case noBus
    /// The bus knows no secret service and could not start one.
    case noProvider
    /// The item or its collection is locked and nobody could be asked.
    case locked
    /// A person was asked and did not unlock it, or the dialog could not be shown.
    case dismissed
    /// A person was asked and did not agree that something be stored or removed.
    case declined
    /// A person was asked and gave no answer in time.
    case unanswered
    /// The keyring wants to ask a person something, and nobody can be asked.
    case askingNobody
    /// Nothing came back before the deadline.
    case notAnswering
    /// The provider went away in the middle of a call.
    case died
    /// D-Bus policy or a security module forbids it.
    case denied
    /// There is no collection to store into.
    case noCollection
    /// The item is there, but gives no secret, or none that can be read.
    case damaged
    /// The same, of the item with the token of this account. Nothing but a token is lost with it.
    case damagedToken(of: String)
    /// The item was there, and no more when it was asked for.
    case vanished
    /// The provider's answer is of another type than it should be.
    case garbled
    /// The provider does not take an item, as on a full disk; see the detail.
    case notStored
    /// The secret that the environment brings cannot be read or used: in these words, and with
    /// this exit status.
    case unreadable(String, status: Int32)
    /// The store is the environment, which is only read.
    case readOnly
    /// Anything else; see the detail.
    case failed

    /// Whether one item is there, or was, and cannot be read; others may be read all the same.
    public var isOfOneItem: Bool { self == .damaged || self == .vanished }
  }

  public let kind: Kind
  /// What C said (error domain, code, message), for `--verbose`.
  public let detail: String

  public init(_ kind: Kind, detail: String = "") {
    self.kind = kind
    self.detail = detail
  }
}
