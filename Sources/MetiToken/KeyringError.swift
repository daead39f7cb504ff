/// Why the store could not do what was asked.
public struct KeyringError: Error, Equatable {
  public enum Kind: Equatable, Sendable {
    /// There is no session bus, or it cannot be used.
    case noBus(BusTrouble)
    /// The bus has no secret service and could not start one.
    case noProvider
    /// The items are locked, and no prompt may be opened here.
    case locked
    /// A prompt of this or another process was not answered in time, and is still open.
    case promptOpen
    /// The prompt was dismissed, now or a short while ago, or could not be shown.
    case dismissed
    /// The keyring requires confirmation, and no prompt may be opened here.
    case needsPrompt
    /// No reply came before the deadline.
    case notAnswering
    /// The provider ended in the middle of a call.
    case died
    /// D-Bus policy or a security module denies access.
    case denied
    /// There is no default collection.
    case noCollection
    /// The provider lacks its cryptography (KWallet without QCA's plugins).
    case noSession
    /// The item exists, but its secret cannot be read.
    case damaged
    /// The item existed, and was gone when it was asked for.
    case vanished
    /// The provider stores nothing, for example because the disk is full; see the detail.
    case notStored
    /// The secret that the environment names cannot be read or used.
    case environment(SecretSourceError)
    /// The store is the environment, which is only read.
    case readOnly
    /// Anything else; see the detail.
    case failed
  }

  public let kind: Kind
  /// What C said (error domain, code, message), for `--verbose`.
  public let detail: String

  public init(_ kind: Kind, detail: String = "") {
    self.kind = kind
    self.detail = detail
  }
}

/// What is wrong with the session bus.
public struct BusTrouble: Equatable, Sendable {
  public enum Reason: Equatable, Sendable {
    /// No address is set, and none of the usual sockets exists.
    case noAddress
    /// The socket does not exist: this shell is older than the session.
    case gone
    /// Nothing listens on the socket.
    case refused
    /// The bus belongs to this other user id.
    case otherUser(UInt32)
    /// The bus accepts no more connections.
    case full
    case denied
    case other
  }

  public let reason: Reason
  /// The address; empty if there is none.
  public let address: String
  /// Whether it comes from DBUS_SESSION_BUS_ADDRESS, rather than from a socket that was found.
  public let isFromEnvironment: Bool

  public init(_ reason: Reason, address: String = "", isFromEnvironment: Bool = false) {
    self.reason = reason
    self.address = address
    self.isFromEnvironment = isFromEnvironment
  }
}

/// Why a secret cannot be taken from a variable, a file or standard input.
public struct SecretSourceError: Error, Equatable, Sendable {
  public enum Reason: Equatable, Sendable {
    /// `errno` of open(2) or read(2); ETIMEDOUT if the end did not come before the deadline.
    case system(Int32)
    case empty
    /// Not one line of UTF-8 without NUL and carriage return, too long, or with a byte order mark.
    case malformed
  }

  public let reason: Reason
  /// The variable, the file, or "standard input".
  public let source: String
  /// What it should hold: "password", "client secret", "token".
  public let content: String

  public init(_ reason: Reason, source: String, content: String) {
    self.reason = reason
    self.source = source
    self.content = content
  }
}
