import Testing

@testable import MetiToken

@Suite struct `What a default call does about a token` {
  @Test(
    arguments: [
      (3600, 3_600_001, .required), (3600, 3_600_000, .none), (3600, 900_001, .none),
      (3600, 900_000, .refresh), (3600, 60_001, .refresh), (3600, 60_000, .due),
      (3600, 5_001, .due), (3600, 5_000, .required), (3600, 0, .required), (3600, -1, .required),
      (366 * 86_400, 900_001, .none), (366 * 86_400, 900_000, .refresh),
      (300, 75_001, .none), (300, 75_000, .refresh), (300, 60_000, .due),
      (60, 15_001, .none), (60, 15_000, .due), (60, 5_000, .required),
      (20, 5_001, .none), (20, 5_000, .required), (4, 1_001, .none), (4, 1_000, .required),
    ] as [(Int64, Int64, RenewalNeed)])
  func `follows from what it has left`(_ lifetime: Int64, _ left: Int64, _ need: RenewalNeed) {
    let expiry = Moment(wall: noon.wall + left, boot: noon.boot + left, bootID: noon.bootID)
    // The spread is another test's.
    let token = Token(
      secret: Secret(copying: "a"), account: "a", expiry: expiry, lifetime: lifetime,
      refreshFrom: expiry.boot
        - Token.refreshMargin(lifetime, Moment(wall: 0, boot: 0, bootID: "")))
    let found = token.need(at: noon)
    #expect(found == need)
  }

  @Test(arguments: [0, 999]) func `is spread by up to a tenth`(_ milliseconds: Int64) {
    let token = Token.issued("a", at: noon.later(milliseconds))
    let margin = 900_000 + 90 * milliseconds
    let quiet = token.quietTime(at: noon.later(milliseconds))
    #expect(quiet == 3_600_000 - margin)
  }

  @Test func `is the same before and after a restart`() {
    let token = Token.issued("a", at: noon.later(500))
    for left in stride(from: Int64(0), through: hour, by: 10_007) {
      let now = noon.later(500 + hour - left)
      let restarted = Moment(wall: now.wall, boot: second, bootID: "next boot")
      let needs = [token.need(at: now), token.need(at: restarted)]
      #expect(needs[0] == needs[1], "\(left)")
    }
  }

  @Test func `is nothing while a caller has claimed it`() {
    let now = noon.later(hour - 800 * second)
    let token = Token.issued("a").claimed(at: now, pause: 30 * second)
    let needs = [0, 29_999, 30_000].map { token.need(at: now.later($0)) }
    #expect(needs == [.none, .none, .refresh])
    let quiet = token.quietTime(at: now)
    #expect(quiet == 30 * second)
  }

  @Test func `is all at the end of a claimed token, too`() {
    let now = noon.later(hour - 6 * second)
    let token = Token.issued("a").claimed(at: now, pause: 30 * second)
    let needs = [999, 1000].map { token.need(at: now.later($0)) }
    #expect(needs == [.none, .required])
  }

  @Test(arguments: [(3600, 30_000), (240, 30_000), (60, 7_500), (1, 125)] as [(Int64, Int64)])
  func `rests between two tries for an eighth of its life or 30 seconds`(
    _ lifetime: Int64, _ pause: Int64
  ) {
    let found = Token.issued("a", lifetime: lifetime).refreshPause
    #expect(found == pause)
  }

  @Test func `begins with the end of its quiet time`() {
    for lifetime in [1, 4, 20, 60, 300, 3600, 86_400] as [Int64] {
      let token = Token.issued("a", lifetime: lifetime, at: noon.later(333))
      let now = noon.later(333)
      let quiet = token.quietTime(at: now)
      let needs = [token.need(at: now.later(quiet - 1)), token.need(at: now.later(quiet))]
      #expect(needs[0] == .none && needs[1] != .none, "\(lifetime)")
      let over = token.quietTime(at: now.later(quiet))
      #expect(over == 0)
    }
  }
}

@Suite struct `The validity asked for` {
  private func need(
    _ asked: Int64?, mustBeNew: Bool = false, lifetime: Int64 = 3600, since start: Moment = noon,
    at now: Moment
  ) -> RenewalNeed {
    TokenRequest(selector: anyone, minimumValidity: asked, mustBeNew: mustBeNew)
      .need(of: .issued("a", lifetime: lifetime), since: start, at: now)
  }

  @Test(
    arguments: [
      (0, 3_594_999, .due), (600, 2_999_999, .refresh), (600, 3_000_000, .required),
      (1800, 1_799_999, .none), (1800, 1_800_000, .required), (3599, 999, .none),
      (3599, 1000, .required), (-1, 3_595_000, .required), (.min, 3_594_999, .due),
    ] as [(Int64, Int64, RenewalNeed)])
  func `is binding`(_ asked: Int64, _ age: Int64, _ expected: RenewalNeed) {
    #expect(need(asked, at: noon.later(age)) == expected)
  }

  @Test(arguments: [3600, 7200, Int64.max])
  func `is half the life if no token lives that long`(_ asked: Int64) {
    #expect(need(asked, at: noon.later(1_799_999)) == .none)
    #expect(need(asked, at: noon.later(1_800_000)) == .required)
  }

  @Test func `is met by a token issued for this call`() {
    #expect(need(nil, mustBeNew: true, at: noon) == .none)
    #expect(need(nil, mustBeNew: true, lifetime: 20, at: noon.later(14_999)) == .none)
    #expect(need(nil, mustBeNew: true, lifetime: 20, at: noon.later(15_000)) == .required)
  }

  @Test func `is not met by a token issued a millisecond before`() {
    #expect(need(nil, mustBeNew: true, since: noon.later(1), at: noon.later(second)) == .required)
  }

  @Test(arguments: ["last boot", ""])
  func `is not met by a token that another boot may have issued`(_ bootID: String) {
    var start = noon
    start.bootID = bootID
    #expect(need(nil, mustBeNew: true, since: start, at: noon) == .required)
  }
}
