import Testing

@testable import MetiToken

@Suite struct `A rejected password that the store cannot mark` {
  private let world = World()
  private let before = TokenError.rejectedBefore(
    .anna, Rejection(on: noon.wall / 1000))

  init() {
    world.store.isReadOnly = true
    world.store.fingerprint = "env:1"
    world.issuer.answer = { _ in .failure(.rejection) }
    _ = world.token()
  }

  /// As of another process, whose credential this fingerprint tells from others.
  private func token(_ fingerprint: String) -> Result<String, TokenError> {
    world.store.fingerprint = fingerprint
    world.clock.pass(second)
    return world.token(mustBeNew: true)
  }

  @Test func `is sent once by a hundred calls`() {
    for _ in 0..<100 { #expect(world.token() == .failure(before)) }
    #expect(world.issuer.asked.count == 1)
    #expect(world.warnings == [])
  }

  @Test func `is sent again after a day, and in the next boot`() {
    world.clock.pass(24 * hour)
    #expect(world.token() == .failure(.issuer(.rejection, .anna)))
    world.clock.moment.bootID = "next boot"
    #expect(world.token() == .failure(.issuer(.rejection, .anna)))
  }

  @Test func `is read once, because a pipe has no more`() {
    #expect(world.store.calls.filter { $0 == "find credential anna@domain.com" }.count == 1)
  }

  @Test(arguments: ["env:2", "file:1", Credential.keyringFingerprint])
  func `does not stop one of another fingerprint`(_ fingerprint: String) {
    world.issuer.answer = { _ in .token(lifetime: 3600) }
    #expect(token(fingerprint) == .success("issued-2"))
  }

  @Test(
    arguments: [.token(lifetime: 3600), .failure(.trouble()), .failure(.rejection)]
      as [FakeIssuer.Answer])
  func `is still rejected, whatever became of another`(_ other: FakeIssuer.Answer) {
    world.issuer.answer = { _ in other }
    _ = token("env:2")
    #expect(token("env:1") == .failure(before))
  }

  @Test func `is one of a few`() {
    for number in 2...100 { _ = token("env:\(number)") }
    #expect(
      world.lock.state.rejections.map(\.fingerprint) == ["env:97", "env:98", "env:99", "env:100"])
  }

  @Test func `is still rejected after a login`() {
    world.store.isReadOnly = false
    #expect(world.storeUnverified(.anna) == nil)
    world.store.isReadOnly = true
    #expect(token("env:1") == .failure(before))
  }

  @Test func `is sent again after a logout`() {
    _ = world.logout(.anna, tokenOnly: true)
    #expect(world.token() == .failure(.issuer(.rejection, .anna)))
  }

  @Test func `is a warning if the lock file cannot record it either`() {
    world.lock.isFull = true
    #expect(token("env:2") == .failure(.issuer(.rejection, .anna)))
    #expect(world.warnings == [.rejectionNotRecorded])
  }
}
