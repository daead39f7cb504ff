import Testing

/// Bazel gives up after 10 seconds, and a person waits before git: helpers have ended by 8.
@Suite("The helper's deadline", .manyAtOnce)
struct GitHelperDeadlineTests {
  let place: Workplace

  init() throws {
    place = try Workplace.loggedIn()
  }

  /// Started before the call that makes it slow, as that is not what is timed.
  private func forget() throws {
    #expect(try place.run("reject").status == .exit(0))
  }

  @Test(arguments: ["git", "EngFlow"])
  func `a silent METI is not waited for`(form: String) throws {
    try forget()
    place.meti.defaultAnswer = .silence
    let request = form == "git" ? place.lines() : #"{"uri":"\#(place.url)/sources"}"#
    let outcome = try place.ask("get", request)
    #expect(outcome.status == .exit(75))
    #expect(outcome.out == (form == "git" ? "quit=1\n" : ""))
    #expect(outcome.isSoon)
  }

  @Test(arguments: ["get", "erase"])
  func `a frozen keyring is not waited for`(operation: String) throws {
    place.dropKernelKeys()
    try place.desktop.freezeKeyring()
    let outcome = try place.ask(operation, place.lines())
    #expect(outcome.status == .exit(69))
    #expect(outcome.out == (operation == "get" ? "quit=1\n" : ""))
    #expect(outcome.isSoon)
  }

  @Test(arguments: ["60s", "1h"])
  func `neither an option nor the environment makes it longer`(timeout: String) throws {
    try forget()
    place.meti.defaultAnswer = .silence
    let outcome = try place.run(
      "get", "--timeout", timeout, input: .text(place.lines()),
      with: ["METI_TOKEN_TIMEOUT": timeout])
    #expect(outcome.status == .exit(75))
    #expect(outcome.isSoon)
  }

  @Test func `the environment can make it shorter`() throws {
    try forget()
    place.meti.defaultAnswer = .silence
    let outcome = try place.run(
      "get", input: .text(place.lines()), with: ["METI_TOKEN_TIMEOUT": "1"])
    #expect(outcome.status == .exit(75))
    #expect(outcome.isSoon)
  }

  @Test(arguments: [("get", Int32(65)), ("store", 0), ("erase", 0)])
  func `a request that never ends is not waited for`(operation: String, status: Int32) throws {
    let child = try place.start(operation, input: .open)
    child.send(place.lines("password=unfinished"))
    _ = child.wait(timeout: .seconds(10)) { false }
    let outcome = child.wait()
    #expect(outcome.isSoon)
    let error = "the credential request did not become complete in time"
    #expect(outcome.told == (status == 0 ? .silence : .failure(status, error)))
    #expect(try place.run("--no-prompt").value == place.lastToken)
  }
}
