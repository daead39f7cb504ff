import MetiToken
import Testing

@testable import Keyring

/// What no real keyring does on demand; Tests/Servers/fake-keyring says which commands it takes.
@Suite(.timeLimit(.minutes(10))) struct `The keyring store` {
  let session: Session
  let keyring: Service
  let stores: Stores
  /// May not prompt.
  let store: KeyringStore

  init() throws {
    session = try Session("--no-keyring")
    keyring = try Service("Tests/Servers/fake-keyring", on: session)
    stores = Stores(session)
    store = stores.store()
    try store.storeBoth()
    try keyring.tell("journal")
  }

  func journal() throws -> [String] { try keyring.tell("journal") }
  func items() throws -> [String] { try keyring.tell("items") }
  func readToken() -> KeyringError.Kind? { kind { _ = try store.token(of: .ours) == nil } }

  // MARK: Faults

  static let denied =
    #"error org.freedesktop.DBus.Error.AccessDenied 'Rejected; type="x" (uid=1 comm="--password=x")'"#
  static let faults: [(String, KeyringError.Kind)] = [
    ("garbage", .failed), ("\(denied)", .denied),
    ("error org.example.Odd 'Something odd'", .failed), ("die", .noProvider),
  ]

  @Test(arguments: ["OpenSession", "SearchItems", "GetSecret"], faults)
  func `says why it could not read`(method: String, fault: (String, KeyringError.Kind)) throws {
    try keyring.tell("fault \(method) \(fault.0)")
    #expect(kind { _ = try stores.store().token(of: .ours) == nil } == fault.1)
  }

  @Test(arguments: ["kwallet open", "ksecretd"])
  func `says that a KWallet without its plugins opens no session`(kwallet: String) throws {
    try keyring.tell(kwallet, "fault OpenSession error org.example.Odd 'Something odd'")
    #expect(kind { _ = try stores.store().token(of: .ours) == nil } == .noSession)
  }

  @Test(arguments: ["OpenSession", "SearchItems", "GetSecret"])
  func `does not wait for a keyring that does not reply`(method: String) throws {
    try keyring.tell("fault \(method) silent")
    let store = stores.store(milliseconds: 300)
    #expect(kind { _ = try store.token(of: .ours) == nil } == .notAnswering)
    // And asks nothing more of it.
    #expect(kind { try store.storeToken() } == .notAnswering)
    try keyring.tell("well")
    #expect(try stores.store().tokenText() == "token")
  }

  @Test func `does not repeat what the bus says of our command line`() throws {
    try keyring.tell("fault SearchItems \(Self.denied)")
    do {
      _ = try store.token(of: .ours) == nil
    } catch {
      #expect(!error.detail.contains("password") && error.detail.contains("Rejected"))
    }
  }

  @Test func `gives a reply ten seconds, however long the call may take`() throws {
    try keyring.tell("fault SearchItems late 0.2")
    let fast = Stores(session, speed: 10)
    let store = fast.store(milliseconds: 1_000_000)
    for _ in 0..<6 { #expect(try store.accounts(at: Account.ours.api).names.count == 1) }
    try keyring.tell("fault SearchItems silent")
    let start = fast.clock.now()
    #expect(kind { _ = try store.accounts(at: Account.ours.api) } == .notAnswering)
    #expect(fast.clock.now().boot - start.boot < 100_000)
  }

  @Test func `gives slow replies the call's time in all`() throws {
    try keyring.tell("fault SearchItems late 0.4")
    let slow = stores.store(milliseconds: 1000)
    #expect(
      kind { for _ in 0..<4 { _ = try slow.accounts(at: Account.ours.api) } } == .notAnswering)
  }

  @Test(arguments: [
    "OpenSession error org.kde.Odd 'Client public key size is invalid'",
    "GetSecret error org.freedesktop.Secret.Error.NoSession 'Cannot find session'",
    "GetSecret garbage", "SearchItems garbage",
    "GetSecret error org.freedesktop.Secret.Error.NoSuchObject gone",
  ])
  func `tries once more with a new session`(fault: String) throws {
    try keyring.tell("fault 1 \(fault)")
    #expect(try stores.store().tokenText() == "token")
    try keyring.tell("fault 2 \(fault)")
    #expect(kind { _ = try stores.store().token(of: .ours) == nil } != nil)
  }

  @Test func `has no provider, or no bus, if there is none`() throws {
    let empty = try Session("--no-keyring")
    #expect(kind { _ = try Stores(empty).store().token(of: .ours) == nil } == .noProvider)
    #expect(
      kind { _ = try Stores(nil).store().token(of: .ours) == nil } == .noBus(BusTrouble(.noAddress))
    )
  }

  // MARK: Several items

  @Test func `stores into each item of several, and removes all`() throws {
    try keyring.tell("copy token", "newer token")
    try store.storeToken("new")
    #expect(try items().count { $0.contains(#""new\n"#) } == 3)
    #expect(try items().count == 4)
    #expect(try store.tokenText() == "new")
    #expect(try store.removeToken(of: .ours))
    #expect(try items().count == 1)
  }

  @Test func `ignores locked items beside unlocked ones`() throws {
    try keyring.tell("lock token", "copy token")
    #expect(try store.tokenText() == "token-copy")
    #expect(try !journal().contains("Unlock"))
    #expect(kind { _ = try store.removeToken(of: .ours) } == .locked)
  }

  @Test func `counts locked accounts and names the others, without their attributes`() throws {
    try store.storeCredential("x", of: .other)
    try keyring.tell("lock account \(Account.ours.name)", "journal")
    let stored = try store.accounts(at: Account.ours.api)
    #expect(stored == StoredAccounts(names: ["other@example.com"], locked: 1))
    #expect(try journal().count { $0 == "Get Attributes" } == 1)
  }

  // MARK: Odd items

  @Test(arguments: ["none", "other-session"])
  func `reports an item without a secret as damaged, and replaces it`(flaw: String) throws {
    try keyring.tell("secret token \(flaw)", "copy token")
    #expect(readToken() == .damaged || flaw == "none")
    try store.storeToken("new")
    #expect(try store.tokenText() == "new")
  }

  @Test func `takes an empty secret for none`() throws {
    try keyring.tell("secret token empty", "secret account empty")
    #expect(try store.tokenText() == nil)
    #expect(try store.secretText() == nil)
  }

  @Test func `does not take a vanished item for an absent one`() throws {
    try keyring.tell("vanish account")
    #expect(kind { _ = try store.credential(of: .ours) == nil } == .vanished)
  }

  @Test(arguments: [
    "org.freedesktop.DBus.Error.UnknownMethod", "org.freedesktop.DBus.Error.UnknownObject",
    "org.freedesktop.Secret.Error.NoSuchObject",
  ])
  func `has nothing against an item that another process removes`(error: String) throws {
    try keyring.tell("vanish account \(error)")
    #expect(try store.accounts(at: Account.ours.api) == StoredAccounts(names: []))
    #expect(try store.removeCredential(of: .ours))
  }

  // MARK: Storing and removing

  @Test func `stores a token again without a new item`() throws {
    try keyring.tell("stores-ask")
    try store.storeToken("new")
    #expect(try !journal().contains { $0.hasPrefix("CreateItem") || $0 == "Prompt" })
  }

  @Test(arguments: [
    ("fault CreateItem error org.freedesktop.DBus.Error.Failed full", KeyringError.Kind.notStored),
    ("fault CreateItem garbage", .notStored), ("fault ReadAlias garbage", .notStored),
    ("fault CreateItem \(denied)", .denied), ("stores-ask", .needsPrompt),
    ("no-default", .noCollection), ("lock", .locked),
  ])
  func `says why it could not store`(fault: String, kind expected: KeyringError.Kind) throws {
    try keyring.tell(fault)
    let before = try items()
    #expect(kind { try store.storeToken(of: .other) } == expected)
    #expect(try items() == before || fault.hasSuffix("garbage"))
    #expect(try !journal().contains("Prompt"))
  }

  @Test func `leaves an item that may not be removed without its token`() throws {
    try keyring.tell("deletes-ask", "copy token")
    #expect(try store.removeToken(of: .ours))
    #expect(try !items().contains { $0.contains(#""token"#) && $0.contains("expires_on") })
    #expect(try store.tokenText() == nil)
    #expect(kind { _ = try store.removeCredential(of: .ours) } == .needsPrompt)
    #expect(try store.secretText() == "password")
  }

  // MARK: Opening silently

  @Test func `opens a KWallet that was opened at login`() throws {
    try keyring.tell("kwallet open", "lock")
    #expect(try stores.store().tokenText() == "token")
    #expect(try journal().count { $0 == "Prompt" } == 1)
  }

  @Test func `does not prompt for a closed KWallet`() throws {
    try keyring.tell("kwallet closed", "lock")
    let store = stores.store()
    #expect(kind { _ = try store.token(of: .ours) == nil } == .locked)
    #expect(try store.accounts(at: Account.ours.api).locked == 1)
    #expect(try !journal().contains("Prompt"))
  }

  @Test func `does not search a locked KeePassXC, which would open its dialog`() throws {
    try keyring.tell("keepassxc", "lock", "fault SearchItems silent")
    let store = stores.store()
    #expect(kind { _ = try store.token(of: .ours) == nil } == .locked)
    #expect(kind { _ = try store.removeAll(at: Account.ours.api, tokensOnly: false) } == .locked)
    #expect(kind { try store.storeToken() } == .locked)
    #expect(try !journal().contains { $0.hasPrefix("SearchItems") || $0 == "Prompt" })
    try keyring.tell("well", "prompt allow")
    let waits = stores.store(waiting)
    try waits.unlock(.named(.ours))
    #expect(try waits.tokenText() == "token")
  }

  // MARK: Probing

  @Test func `can be looked at without unlocking anything`() throws {
    try keyring.tell("lock token")
    let store = stores.store()
    try store.connect()
    #expect(store.provider ?? 0 > 1)
    let collection = try #require(try store.defaultCollection())
    #expect(collection == ("fake", false))
    try store.openSession()
    #expect(try !journal().contains { $0 == "Unlock" || $0.hasPrefix("GetSecret") })
  }
}
