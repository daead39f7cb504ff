import MetiToken
import Testing

@Suite struct `The mark of a secret` {
  private func mark(_ secret: String, in boot: String = "a boot") -> String {
    Secret(copying: secret).mark(in: boot)
  }

  @Test func `is the same for the same secret in the same boot`() {
    #expect(mark("correct horse") == mark("correct horse"))
  }

  @Test func `is another in another boot`() {
    #expect(mark("correct horse") != mark("correct horse", in: "another boot"))
  }

  @Test func `has sixteen bits`() throws {
    for number in 0..<1000 {
      let value = try #require(UInt64(mark("secret \(number)"), radix: 16))
      #expect(value < 65_536)
    }
  }

  @Test func `differs wherever one byte does`() {
    let secret = Array("correct horse battery".utf8)
    for place in secret.indices {
      var other = secret
      other[place] ^= 1
      #expect(mark(String(decoding: other, as: UTF8.self)) != mark("correct horse battery"))
    }
  }

  @Test func `hardly ever is another secret's`() {
    // A thousand values of 65,536 meet by chance about eight times.
    #expect(Set((0..<1000).map { mark("secret \($0)") }).count > 970)
  }
}
