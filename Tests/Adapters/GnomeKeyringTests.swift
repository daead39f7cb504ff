import Foundation
import Keyring
import MetiToken
import Testing

/// GNOME Keyring itself, on a bus of its own.
@Suite(.timeLimit(.minutes(10))) struct `GNOME Keyring` {
  @Test func `stores, replaces and removes`() throws {
    let session = try Session()
    let store = Stores(session).store()
    try store.storeBoth()
    try store.storeToken("second")
    #expect(try store.tokenText() == "second")
    #expect(try store.secretText() == "password")
    #expect(try store.accounts(at: Account.ours.api) == StoredAccounts(names: ["user@example.com"]))
    #expect(try store.tokenText(.other) == nil)
    let items = try session.secretTool("search", "--all", "meti-kind", "token")
    #expect(items.matches(of: /schema = com\.millpont\.meti\.Credential/).count == 1)
    #expect(items.contains("label = METI token of user@example.com"))
    #expect(try store.removeToken(of: .ours))
    #expect(try !store.removeToken(of: .ours))
    #expect(try store.removeAll(at: Account.ours.api, tokensOnly: false))
    #expect(try store.credential(of: .ours) == nil)
  }

  @Test func `loses every item of an API by path, also one whose name is not legal`() throws {
    let session = try Session()
    let store = Stores(session).store()
    try store.storeBoth()
    let api = Account.ours.api.text
    try session.secretTool(
      "store", "--label=x", "meti-kind", "account", "meti-api", api, "meti-account", "no name",
      input: "password")
    #expect(try store.removeAll(at: Account.ours.api, tokensOnly: true))
    #expect(try store.accounts(at: Account.ours.api).names == ["no name", "user@example.com"])
    #expect(try store.removeAll(at: Account.ours.api, tokensOnly: false))
    #expect(try session.secretTool("search", "--all", "meti-api", api) == "")
  }

  @Test func `is locked, not empty, while it was never unlocked since it started`() throws {
    let session = try Session()
    let stores = Stores(session)
    try stores.store().storeBoth()
    try session.restartLocked()
    let store = stores.store()
    let api = Account.ours.api
    #expect(kind { _ = try store.token(of: .ours) == nil } == .locked)
    #expect(kind { _ = try store.credential(of: .ours) == nil } == .locked)
    #expect(try store.accounts(at: api) == StoredAccounts(names: [], locked: 1))
    #expect(kind { try store.unlock(.named(.ours)) } == .locked)
    #expect(kind { _ = try store.removeToken(of: .ours) } == .locked)
    #expect(kind { _ = try store.removeCredential(of: .ours) } == .locked)
    #expect(kind { _ = try store.removeAll(at: api, tokensOnly: true) } == .locked)
    #expect(kind { _ = try store.removeAll(at: api, tokensOnly: false) } == .locked)
    #expect(kind { try store.prepareForWriting() } == .locked)
    #expect(kind { try store.storeToken("new") } == .locked)
    #expect(kind { try store.storeCredential("new") } == .locked)
    // What is not stored is absent there, too.
    #expect(try store.token(of: .other) == nil)
    #expect(try store.accounts(at: Account.elsewhere.api) == StoredAccounts(names: []))
    #expect(try !store.removeAll(at: Account.elsewhere.api, tokensOnly: false))
    try session.restart()
    #expect(try stores.store().tokenText() == "token")
    #expect(try stores.store().secretText() == "password")
  }

  // GNOME Keyring writes such a collection as an ini file, and keeps only the first line of a secret.
  @Test func `opens silently if its password is empty`() throws {
    let session = try Session("--passwordless")
    let stores = Stores(session)
    try stores.store().storeCredential()
    try session.restartLocked()
    #expect(try stores.store().secretText() == "password")
    try session.restartLocked()
    #expect(try stores.store().accounts(at: Account.ours.api).names == ["user@example.com"])
    try session.restartLocked()
    try stores.store().storeCredential("new")
    #expect(try stores.store().secretText() == "new")
    try session.restartLocked()
    #expect(try stores.store().removeAll(at: Account.ours.api, tokensOnly: false))
  }

  @Test func `opens a second keyring with the password in the open one, where it may prompt`()
    throws
  {
    let session = try Session()
    let prompter = try Service("Tests/Servers/fake-prompter", on: session)
    let stores = Stores(session)
    try stores.store().storeBoth()
    try session.secretTool(
      "store", "--label=x", "keyring", "LOCAL:/keyrings/second.keyring", input: Session.password)
    try session.tell("kill-keyring")
    let keyrings = try #require(session.environment["XDG_DATA_HOME"]) + "/keyrings"
    try FileManager.default.copyItem(
      atPath: "\(keyrings)/login.keyring", toPath: "\(keyrings)/second.keyring")
    try session.tell("start-keyring")
    let store = stores.store()
    #expect(kind { _ = try store.removeAll(at: Account.ours.api, tokensOnly: false) } == .locked)
    // The stored password may be out of date, and then a dialog would open.
    #expect(kind { _ = try store.token(of: .ours) == nil } == .locked)
    try stores.store(.withinCall).unlock(.named(.ours))
    #expect(try store.tokenText() == "token")
    #expect(try prompter.tell("journal") == [])
  }

  @Test func `is opened by the user's password`() throws {
    let (_, stores, prompter) = try locked()
    try prompter.tell("answer \(Session.password)")
    let store = stores.store(waiting)
    #expect(kind { _ = try store.token(of: .ours) == nil } == .locked)
    #expect(stores.announcements == [])
    try store.unlock(.named(.ours))
    #expect(try store.tokenText() == "token")
    #expect(
      stores.announcements == ["waiting for the keyring to be unlocked; look for its dialog"])
    #expect(try prompter.tell("journal").count == 1)
    #expect(stores.locks.note(named: "prompt") == "")
  }

  @Test func `opens no dialog for a call that may not prompt`() throws {
    let (_, stores, prompter) = try locked()
    try prompter.tell("answer \(Session.password)")
    let store = stores.store()
    #expect(kind { _ = try store.token(of: .ours) == nil } == .locked)
    #expect(kind { try store.unlock(.named(.ours)) } == .locked)
    #expect(kind { try stores.store(waiting).storeToken("new", mayPrompt: false) } == .locked)
    #expect(try prompter.tell("journal") == [])
  }

  @Test func `is not asked for a dialog again after the user dismissed one`() throws {
    let (session, stores, prompter) = try locked()
    try prompter.tell("dismiss")
    #expect(kind { try stores.store(waiting).unlock(.named(.ours)) } == .dismissed)
    try prompter.tell("answer \(Session.password)")
    #expect(kind { try stores.store(waiting).unlock(.named(.ours)) } == .dismissed)
    #expect(
      kind { try stores.store(.withinCall).unlock(.named(.ours)) } == .dismissed)
    #expect(stores.announcements.count == 1)
    #expect(try prompter.tell("journal").count == 1)
    // A daemon that was restarted knows nothing of it.
    try session.restartLocked()
    try stores.store(waiting).unlock(.named(.ours))
    #expect(try stores.store().tokenText() == "token")
  }

  @Test func `has one dialog for ten calls, and after Cancel still one for others`() throws {
    let (session, stores, prompter) = try locked()
    try prompter.tell("dismiss 1")
    let kinds = atOnce(10) { index in
      let dialogs = index % 2 == 0 ? waiting : .withinCall
      return kind { try stores.store(dialogs).unlock(.named(.ours)) }
    }
    #expect(kinds.allSatisfy { $0 == .dismissed || $0 == .promptOpen })
    #expect(kinds.count { $0 == .dismissed } >= 5)
    #expect(try prompter.tell("journal").count == 1)
    try prompter.tell("answer \(Session.password)")
    try session.secretTool("search", "--unlock", "meti-kind", "token")
    #expect(try prompter.tell("journal").count == 1)
    #expect(try stores.store().tokenText() == "token")
  }

  @Test func `answers all calls that wait as soon as one dialog is answered`() throws {
    let (_, stores, prompter) = try locked()
    try prompter.tell("answer \(Session.password) 1")
    let kinds = atOnce(10) { _ in
      kind {
        let store = stores.store(waiting)
        try store.unlock(.named(.ours))
        #expect(try store.tokenText() == "token")
      }
    }
    #expect(kinds == Array(repeating: nil, count: 10))
    #expect(try prompter.tell("journal").count == 1)
  }

  @Test func `gives up while it is frozen, and nothing is lost`() throws {
    let session = try Session()
    let stores = Stores(session)
    try stores.store().storeBoth()
    try session.tell("freeze")
    #expect(
      kind { _ = try stores.store(milliseconds: 500).token(of: .ours) == nil } == .notAnswering)
    try session.tell("thaw")
    #expect(try stores.store().tokenText() == "token")
  }

  @Test func `is left without open descriptors by thirty connections`() throws {
    let session = try Session()
    let path = session.directory("s/run/bus")
    // The daemon itself may connect late.
    #expect(try Stores(session).store().tokenText() == nil)
    let before = sockets(of: path)
    for _ in 0..<30 {
      let store = Stores(session).store()
      try store.storeToken()
      #expect(try store.tokenText() == "token")
      #expect(try store.removeToken(of: .ours))
    }
    // GDBus closes them in a thread of its own.
    for _ in 0..<500 where sockets(of: path) > before { usleep(20_000) }
    #expect(sockets(of: path) <= before)
  }

  // MARK: Support

  /// With an account and its token, never unlocked since its start.
  private func locked() throws -> (session: Session, stores: Stores, prompter: Service) {
    let session = try Session()
    let prompter = try Service("Tests/Servers/fake-prompter", on: session)
    let stores = Stores(session)
    try stores.store().storeBoth()
    try session.restartLocked()
    return (session, stores, prompter)
  }

  private func atOnce<Value: Sendable>(
    _ count: Int, _ work: @escaping @Sendable (Int) -> Value
  ) -> [Value] {
    let results = Results<Value>()
    let group = DispatchGroup()
    for index in 0..<count {
      group.enter()
      Thread.detachNewThread {
        results.append(work(index))
        group.leave()
      }
    }
    group.wait()
    return results.all
  }

  /// How many connections the bus at `path` has.
  private func sockets(of path: String) -> Int {
    let table = (try? String(contentsOfFile: "/proc/net/unix", encoding: .utf8)) ?? ""
    return table.split(separator: "\n").count { $0.hasSuffix(path) }
  }
}

private final class Results<Value: Sendable>: @unchecked Sendable {
  private let lock = NSLock()
  private var values: [Value] = []

  func append(_ value: Value) { lock.withLock { values.append(value) } }
  var all: [Value] { lock.withLock { values } }
}
