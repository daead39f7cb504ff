import MetiToken
import Testing

@testable import Keyring

@Suite struct `A provider that is silent` {
  let start = Moment(wall: 0, boot: 1_000_000, bootID: "this boot")
  var detector = PromptDetector()

  func later(_ milliseconds: Int64) -> Moment {
    Moment(wall: 0, boot: start.boot + milliseconds, bootID: start.bootID)
  }

  @Test func `may be prompting after three seconds`() {
    #expect(detector.end(since: start, at: later(2_999)) == nil)
    #expect(detector.end(since: start, at: later(3_000))?.boot == start.boot + 120_000)
  }

  @Test mutating func `has one time for all its calls`() {
    detector.spend(70_000)
    detector.spend(40_000)
    let end = detector.end(since: later(200_000), at: later(203_000))
    #expect(end?.boot == later(210_000).boot)
  }

  @Test mutating func `has none left once it is used up`() {
    detector.spend(150_000)
    let end = detector.end(since: later(160_000), at: later(163_000))
    #expect(end?.remaining(at: later(163_000)) == 0)
  }
}
