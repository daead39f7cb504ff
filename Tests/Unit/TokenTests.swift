import MetiToken
import Testing

@Suite struct `A token's text` {
  @Test(arguments: [
    "a", "0", "abc.def-ghi_jkl", "~+/", "a=", "a==========", "-", "...",
    "eyJhbGciOiJIUzI1NiJ9.e30.c2ln",
    String(repeating: "x", count: 16384), String(repeating: "x", count: 16000) + "====",
  ])
  func `is what may follow Bearer`(_ token: String) {
    #expect(isLegal(token))
  }

  @Test(arguments: [
    "", "=", "===", "=a", "a=b", "a b", " a", "a ", "a\n", "a\r", "\na", "a\u{0}", "a\u{7F}", "a,b",
    "a;b",
    "a\"", "a:b", "a%20", "é", "ａ", "a\r\nX-Evil: 1", "a\u{200B}",
    String(repeating: "x", count: 16385), String(repeating: "x", count: 16384) + "=",
  ])
  func `is nothing else`(_ token: String) {
    #expect(!isLegal(token))
  }

  private func isLegal(_ token: String) -> Bool {
    Secret(copying: token).withBytes { Token.isLegal($0) }
  }
}

@Suite struct `The validity asked for` {
  @Test(
    arguments: [
      (3600, 60_000), (120, 60_000), (119, 59_500), (30, 15_000), (3, 1_500), (1, 500),
      (366 * 86400, 60_000),
    ] as [(Int64, Int64)])
  func `is a minute by default but never more than half the life`(
    _ lifetime: Int64, _ milliseconds: Int64
  ) {
    #expect(MinimumValidity.standard.milliseconds(ofLifetime: lifetime) == milliseconds)
  }

  @Test(
    arguments: [
      (0, 3600, 0), (1, 3600, 1_000), (1800, 3600, 1_800_000), (3599, 3600, 3_599_000),
      (29, 30, 29_000),
    ] as [(Int64, Int64, Int64)])
  func `stands when it is said`(_ asked: Int64, _ lifetime: Int64, _ milliseconds: Int64) {
    let validity = MinimumValidity(asked: asked)
    #expect(validity.milliseconds(ofLifetime: lifetime) == milliseconds)
    #expect(validity.canBeMet(byLifetime: lifetime))
  }

  @Test(
    arguments: [
      (3600, 3600, 1_800_000), (7200, 3600, 1_800_000), (60, 30, 15_000), (1, 1, 500),
      (Int64.max, 3600, 1_800_000),
    ] as [(Int64, Int64, Int64)])
  func `is half the life when no token lives that long`(
    _ asked: Int64, _ lifetime: Int64, _ milliseconds: Int64
  ) {
    let validity = MinimumValidity(asked: asked)
    #expect(validity.milliseconds(ofLifetime: lifetime) == milliseconds)
    #expect(!validity.canBeMet(byLifetime: lifetime))
  }

  @Test(arguments: [-1, -3600, Int64.min])
  func `below nothing never revives a dead token`(_ asked: Int64) {
    #expect(MinimumValidity(asked: asked).milliseconds(ofLifetime: 3600) == 0)
  }

  @Test func `by default can be met by any life`() {
    #expect(MinimumValidity.standard.canBeMet(byLifetime: 1))
  }
}

@Suite struct `A token` {
  @Test(
    arguments: [
      (0, true), (3539_999, true), (3540_000, false), (3600_000, false), (4000_000, false),
    ] as [(Int64, Bool)])
  func `inside the last minute is not handed out`(_ age: Int64, _ isGood: Bool) {
    #expect(satisfies(.standard, at: noon.later(age)) == isGood)
  }

  @Test(
    arguments: [
      (14_999, true), (15_000, false),
    ] as [(Int64, Bool)])
  func `of thirty seconds is handed out in its first half`(_ age: Int64, _ isGood: Bool) {
    #expect(satisfies(.standard, lifetime: 30, at: noon.later(age)) == isGood)
  }

  @Test(
    arguments: [
      (0, 3599_999, true), (0, 3600_000, false), (600, 2_999_999, true), (600, 3_000_000, false),
    ] as [(Int64, Int64, Bool)])
  func `must have left what was asked for`(_ asked: Int64, _ age: Int64, _ isGood: Bool) {
    #expect(satisfies(MinimumValidity(asked: asked), at: noon.later(age)) == isGood)
  }

  @Test func `issued at the moment or later is new`() {
    #expect(satisfies(.standard, since: noon, at: noon.later(second)))
    #expect(satisfies(.standard, since: noon.later(-1), at: noon.later(second)))
  }

  @Test func `issued a millisecond before is not new`() {
    #expect(!satisfies(.standard, since: noon.later(1), at: noon.later(second)))
  }

  @Test func `of another start of the machine is not new`() {
    var earlier = noon
    earlier.bootID = "last boot"
    #expect(!satisfies(.standard, since: earlier, at: noon))
  }

  @Test func `is not known to be new without a boot id`() {
    var unknown = noon
    unknown.bootID = ""
    let token = Token.issued("a", at: unknown)
    let isNew = token.satisfies(.standard, issuedSince: unknown, at: unknown)
    #expect(!isNew)
  }

  @Test func `duplicated is the same`() {
    let token = Token.issued("abc", to: .ben, lifetime: 30)
    let duplicate = token.duplicate()
    #expect(text(duplicate.stored()) == text(token.stored()))
  }

  private func satisfies(
    _ validity: MinimumValidity, lifetime: Int64 = 3600, since: Moment? = nil, at now: Moment
  ) -> Bool {
    Token.issued("abc", lifetime: lifetime).satisfies(validity, issuedSince: since, at: now)
  }
}
