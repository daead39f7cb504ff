import Diagnosis
import Testing

@Suite struct `The quota for keys` {
  private let text = """
        0:   171 170/170 163/1000000 3541/25000000
     1000:   200 200/200 200/200 19998/20000
    """

  @Test func `is that of the user`() {
    #expect(KeyQuota(text, user: 1000)?.text == "200 of 200 keys and 19998 of 20000 bytes")
    #expect(KeyQuota(text, user: 0)?.keys == 163)
  }

  @Test(arguments: ["", "10: 1 1/1 1/200 1/20000", "1000: 1 1/1 1 1", "1000: 1 1/1 x/200 1/20000"])
  func `is not guessed`(text: String) {
    #expect(KeyQuota(text, user: 1000) == nil)
  }
}

@Suite struct `This clock against METI's` {
  private func check(_ seconds: Double) -> Check {
    ClockSkew.check(lead: Int64(seconds * 1000), status: 75) { "\($0) s" }
  }

  @Test func `may be off by what a Date leaves open`() {
    for lead in [0, 1.4, -1.4] {
      #expect(check(lead) == Check(.clock, .ok, "agrees with METI's to the second"))
    }
  }

  @Test func `may be off by half a token's margin`() {
    #expect(check(30) == Check(.clock, .ok, "this clock is 30 s behind METI's"))
    #expect(check(-30) == Check(.clock, .ok, "this clock is 30 s ahead of METI's"))
  }

  @Test func `is warned of, and fails beyond five minutes`() {
    for lead in [31, -31, 300, -300.0] { #expect(check(lead).state.name == "warning") }
    for lead in [301, -301, 86400.0] { #expect(check(lead).state.name == "failed") }
  }
}
