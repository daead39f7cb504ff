import Testing

@testable import MetiToken

@Suite struct `The state of a lock` {
  private let state = LockState(
    backOff: BackOff(since: noon, pause: 8 * second, reason: "trouble"),
    refreshClaim: BackOff(since: noon, pause: 30 * second),
    rejections: [
      .init(fingerprint: "env:1", rejection: Rejection(on: 1), since: noon),
      .init(fingerprint: "env:2", rejection: Rejection(on: 1, ambiguousCount: 1), since: noon),
    ])

  @Test func `loses each part when it no longer holds`() {
    func parts(_ age: Int64) -> [Bool] {
      let current = state.current(at: noon.later(age))
      return [
        current.backOff != nil, current.refreshClaim != nil, current.rejections.count == 2,
        !current.rejections.isEmpty,
      ]
    }
    #expect(parts(0) == [true, true, true, true])
    #expect(parts(8 * second) == [false, true, true, true])
    #expect(parts(30 * second) == [false, false, true, true])
    #expect(parts(24 * hour) == [false, false, false, true])
    #expect(parts(48 * hour) == [false, false, false, false])
  }

  @Test func `is empty in the next boot`() {
    var now = noon.later(1)
    now.bootID = "next boot"
    #expect(state.current(at: now) == LockState())
  }

  @Test func `is empty if the boot clock was set back`() {
    #expect(state.current(at: noon.later(-1)) == LockState())
  }

  @Test func `does not follow the wall clock`() {
    var now = noon
    now.wall += 1000 * hour
    #expect(state.current(at: now) == state)
  }

  @Test func `is written only if it changes`() {
    let lock = FakeLock(FakeClock())
    let held = FakeHeldLock(lock)
    lock.isFull = true
    #expect(held.update(at: noon) { $0.backOff = nil })
    #expect(!held.update(at: noon) { $0 = state })
  }
}
