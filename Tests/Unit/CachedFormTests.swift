import Testing

@testable import MetiToken

@Suite struct `A cached token` {
  private static let body = "3600000 6300000 7200000\nabc\n"

  private func read(_ body: String, at now: Moment = noon) -> String? {
    guard let token = CachedForm.token(Secret(copying: body), of: .anna, at: now),
      let again = CachedForm.pack(token, at: now)
    else { return nil }
    return text(again)
  }

  private func pack(_ token: borrowing Token, at now: Moment = noon) -> String? {
    guard let body = CachedForm.pack(token, at: now) else { return nil }
    return text(body)
  }

  @Test func `is three numbers and the token`() {
    #expect(pack(.issued("abc")) == Self.body)
  }

  @Test func `comes back whole`() {
    guard let token = CachedForm.token(Secret(copying: Self.body), of: .anna, at: noon) else {
      Issue.record("it cannot be read")
      return
    }
    let (account, expiry, refreshFrom) = (token.account, token.expiry, token.refreshFrom)
    #expect(account == "anna@domain.com")
    #expect(expiry == noon.later(3600 * 1000))
    #expect(refreshFrom == 6_300_000)
    #expect(self.read(Self.body) == Self.body)
  }

  @Test(arguments: [-30, 30]) func `does not follow the wall clock`(_ hours: Int64) {
    var now = noon.later(second)
    now.wall += hours * hour
    let left = CachedForm.token(Secret(copying: Self.body), of: .anna, at: now)?
      .expiry.remaining(at: now)
    #expect(left == hour - second)
  }

  @Test func `comes back without a boot id, too`() {
    var now = noon
    now.bootID = ""
    let left = CachedForm.token(Secret(copying: Self.body), of: .anna, at: now)?
      .expiry.remaining(at: now)
    #expect(left == hour)
  }

  @Test func `has the claim of its refresh`() {
    let now = noon.later(hour - 800 * second)
    #expect(
      pack(Token.issued("abc").claimed(at: now, pause: 30 * second), at: now)
        == "3600000 6430000 7200000\nabc\n")
  }

  @Test func `of an earlier boot is put on this boot's clock`() {
    let now = Moment(wall: noon.wall + hour / 2, boot: second, bootID: "next boot")
    let body = "-1799000 901000 1801000\nabc\n"
    #expect(pack(.issued("abc"), at: now) == body)
    #expect(read(body, at: now) == body)
  }

  @Test func `of an earlier boot may have its refresh window begin at once`() {
    let now = Moment(wall: noon.wall + hour - 800 * second, boot: second, bootID: "next boot")
    #expect(pack(.issued("abc"), at: now) == "-2799000 0 801000\nabc\n")
  }

  @Test(arguments: [5000, 0, -1]) func `is none at its end`(_ left: Int64) {
    #expect(pack(.left(left, "abc")) == nil)
  }

  @Test func `is none if it has more left than it ever lived`() {
    #expect(pack(.issued("abc"), at: noon.later(-1)) == nil)
  }

  @Test(arguments: [-1, hour]) func `is not read outside its life`(_ age: Int64) {
    #expect(read(Self.body, at: noon.later(age)) == nil)
  }

  @Test(arguments: [
    "", "\n", "abc", "3600000\nabc\n", "3600000 6300000\nabc\n", "3600000 6300000 7200000 abc\n",
    "3600000 6300000 7200000\n", "3600000 6300000 7200000\n\n", "3600000 6300000 7200000\nabc",
    "3600000 6300000 7200000\nabc\nd\n", "3600000 6300000 7200000\nab c\n",
    "3600000 6300000 7200000\n===\n", " 3600000 6300000 7200000\nabc\n",
    "3600000  6300000 7200000\nabc\n", "3600000 6300000 7200000 \nabc\n",
    "3600000 6300000 7200000\r\nabc\n", "3600000 6300000 7200000\nabc\r\n",
    "+3600000 6300000 7200000\nabc\n", "- 6300000 7200000\nabc\n",
    "3600000 -1 7200000\nabc\n", "3600000 6300000 -7200000\nabc\n",
    "3600000 7200001 7200000\nabc\n", "3600001 6300000 7200000\nabc\n",
    "7200000 6300000 3600000\nabc\n", "3600000 6300000 3600000\nabc\n",
    "3600000 6300000 31626003600000\nabc\n", "0x36 6300000 7200000\nabc\n",
    "3600000 6300000 9223372036854775807\nabc\n", "-9223372036854775808 6300000 7200000\nabc\n",
  ])
  func `that is malformed is none`(_ body: String) {
    #expect(read(body) == nil)
  }

  @Test func `cut off anywhere is none`() {
    for length in 0..<Self.body.utf8.count {
      #expect(read(String(Self.body.prefix(length))) == nil, "after \(length) bytes")
    }
  }

  @Test func `may be as long as a token can be`() {
    let long = String(repeating: "x", count: Token.longest)
    let body = pack(.issued(long))
    #expect(read(body ?? "") == body)
  }
}
