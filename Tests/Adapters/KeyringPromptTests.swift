import MetiToken
import Testing

@testable import Keyring

@Suite(.timeLimit(.minutes(10))) struct `A prompt of the keyring` {
  let session: Session
  let keyring: Service
  let stores: Stores

  init() throws {
    session = try Session("--no-keyring")
    keyring = try Service("Tests/Servers/fake-keyring", on: session)
    stores = Stores(session)
    try stores.store().storeBoth()
    try keyring.tell("journal")
  }

  func journal() throws -> [String] { try keyring.tell("journal") }
  func prompts() throws -> Int { try journal().count { $0 == "Prompt" } }
  func unlock(_ dialogs: Interaction.Dialogs, milliseconds: Int64 = 5000) -> KeyringError.Kind? {
    kind {
      try stores.store(dialogs, milliseconds: milliseconds).unlock(.named(.ours))
    }
  }

  @Test(arguments: [
    ("malformed", KeyringError.Kind.failed), ("die", .died), ("dismiss", .dismissed),
  ])
  func `that cannot end is not waited for`(outcome: String, kind: KeyringError.Kind) throws {
    try keyring.tell("lock", "prompt \(outcome)")
    #expect(unlock(waiting) == kind)
    guard outcome != "die" else { return }
    let journal = try journal()
    #expect(journal.count { $0 == "Prompt" } == 1 && !journal.contains("Dismiss"))
  }

  @Test func `that is answered late does not use up the call's time`() throws {
    try keyring.tell("lock", "prompt allow 1.5")
    let call = Deadline(1000, from: stores.clock.now())
    let store = stores.store(waiting, until: call)
    try store.unlock(.named(.ours))
    #expect(try store.tokenText() == "token")
  }

  @Test func `that nobody answers is given up after two minutes, and stays open`() throws {
    try keyring.tell("lock", "prompt silent")
    let fast = Stores(session, speed: 20)
    let start = fast.clock.now()
    #expect(kind { try fast.store(waiting).unlock(.named(.ours)) } == .promptOpen)
    #expect(fast.clock.now().boot - start.boot >= 120_000)
    #expect(fast.locks.note(named: "prompt").hasPrefix("1 "))
    #expect(
      kind { try fast.store(.withinCall).unlock(.named(.ours)) } == .promptOpen)
    let journal = try journal()
    #expect(journal.count { $0 == "Prompt" } == 1 && !journal.contains("Dismiss"))
  }

  @Test func `without a terminal has the call's time, and is not announced`() throws {
    try keyring.tell("lock", "prompt silent")
    #expect(unlock(.withinCall, milliseconds: 1500) == .promptOpen)
    #expect(stores.announcements == [])
    #expect(try prompts() == 1)
  }

  @Test func `of another process is waited for, or ends the call`() throws {
    try keyring.tell("lock", "prompt silent")
    let held = stores.locks.tryAcquire(named: "prompt")
    #expect(unlock(.withinCall) == .promptOpen)
    try keyring.tell("unlock 0.5")
    #expect(unlock(waiting) == nil)
    #expect(try prompts() == 0)
    withExtendedLifetime(held) {}
  }

  @Test func `that its process left open can still be answered`() throws {
    try keyring.tell("lock", "prompt allow 3")
    #expect(unlock(.withinCall, milliseconds: 1500) == .promptOpen)
    #expect(unlock(waiting) == nil)
    #expect(try prompts() == 1)
  }

  @Test func `decides whether an item is stored`() throws {
    let store = stores.store(waiting)
    try keyring.tell("stores-ask", "prompt dismiss")
    #expect(kind { try store.storeToken(of: .other) } == .dismissed)
    #expect(try stores.store().token(of: .other) == nil)
    #expect(kind { try stores.store().storeToken(of: .other) } == .needsPrompt)
    #expect(
      stores.announcements == [
        "waiting for the keyring to confirm a change; look for its dialog"
      ])
  }

  @Test(arguments: ["allow", "wrong-result"])
  func `claims nothing that was not stored`(outcome: String) throws {
    try keyring.tell("stores-ask", "prompt \(outcome)")
    let kind = kind { try stores.store(waiting).storeToken(of: .other) }
    #expect(kind == (outcome == "allow" ? nil : .notStored))
    #expect(try stores.store().tokenText(.other) == (outcome == "allow" ? "token" : nil))
  }

  @Test func `creates the default keyring`() throws {
    try keyring.tell("no-default", "prompt allow")
    try stores.store(waiting).storeToken(of: .other)
    #expect(try stores.store().tokenText(.other) == "token")
    #expect(
      stores.announcements == ["waiting for the keyring to confirm a change; look for its dialog"])
  }

  @Test func `decides whether an item is removed`() throws {
    try keyring.tell("deletes-ask", "prompt dismiss")
    #expect(kind { _ = try stores.store(waiting).removeCredential(of: .ours) } == .dismissed)
    #expect(try stores.store().secretText() == "password")
  }

  @Test(arguments: ["SearchItems", "GetSecret"])
  func `that only the provider's silence shows is waited for at a terminal`(method: String) throws {
    try keyring.tell("fault 1 \(method) late 1")
    let fast = Stores(session, speed: 10)
    #expect(try fast.store(waiting, milliseconds: 9000).tokenText() == "token")
    #expect(fast.announcements == ["waiting for the keyring, which may show a dialog"])
  }
}

@Suite struct `The note of a prompt` {
  let now = Moment(wall: 0, boot: 1_000_000, bootID: "this-boot")

  func later(_ milliseconds: Int64) -> Moment {
    Moment(wall: 0, boot: now.boot + milliseconds, bootID: now.bootID)
  }

  @Test(arguments: [0, 1])
  func `counts for five minutes`(unanswered: Int) throws {
    let written = PromptNote(unanswered: unanswered, since: now.boot, place: "guid :1.5 /a/b")
    let note = try #require(PromptNote(written.text))
    #expect(note == written)
    #expect(note.isCurrent(at: later(299_999)))
    #expect(!note.isCurrent(at: later(300_000)))
    #expect(!note.isCurrent(at: later(-1)))
  }

  @Test func `keeps a third dialog from being opened while two are left open`() {
    let note = PromptNote(unanswered: 2, since: now.boot, place: "p")
    #expect(note.isCurrent(at: later(86_399_999)))
  }

  @Test(arguments: ["", "1", "x 1 p", "1 x p", "1 1"])
  func `is ignored if it is malformed`(text: String) {
    #expect(PromptNote(text) == nil)
  }
}
