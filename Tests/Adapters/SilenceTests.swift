import MetiToken
import Testing

@testable import Keyring

@Suite struct `A keyring that says nothing` {
  let start = Moment(wall: 0, boot: 1_000_000, bootID: "this boot")
  var silence = Silence()

  func later(_ milliseconds: Int64) -> Moment {
    Moment(wall: 0, boot: start.boot + milliseconds, bootID: start.bootID)
  }

  @Test func `may be asking once it has been silent for a while`() {
    #expect(silence.end(since: start, at: later(2_999)) == nil)
    #expect(silence.end(since: start, at: later(3_000))?.boot == start.boot + 120_000)
  }

  @Test mutating func `has one time for all its calls`() {
    silence.spend(since: start, until: later(70_000))
    silence.spend(since: later(80_000), until: later(120_000))
    let end = silence.end(since: later(200_000), at: later(203_000))
    #expect(end?.boot == later(210_000).boot)
  }

  @Test mutating func `loses no time while it is not asked anything`() {
    silence.spend(since: start, until: later(5_000))
    let end = silence.end(since: later(500_000), at: later(503_000))
    #expect(end?.boot == later(615_000).boot)
  }

  @Test mutating func `has none left once it is used up`() {
    silence.spend(since: start, until: later(150_000))
    let end = silence.end(since: later(160_000), at: later(163_000))
    #expect(end?.remaining(at: later(163_000)) == 0)
  }
}
