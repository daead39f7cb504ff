import Testing

@testable import MetiToken

@Suite struct `The fingerprint of a secret` {
  private func fingerprint(_ secret: String, in boot: String = "a boot") -> String {
    Secret(copying: secret).fingerprint(in: boot)
  }

  @Test func `is the same for the same secret in the same boot`() {
    #expect(fingerprint("correct horse") == fingerprint("correct horse"))
  }

  @Test func `is another in another boot`() {
    #expect(fingerprint("correct horse") != fingerprint("correct horse", in: "another boot"))
  }

  @Test func `has sixteen bits`() throws {
    for number in 0..<1000 {
      let value = try #require(UInt64(fingerprint("secret \(number)"), radix: 16))
      #expect(value < 65_536)
    }
  }

  @Test func `differs wherever one byte does`() {
    let secret = Array("correct horse battery".utf8)
    for place in secret.indices {
      var other = secret
      other[place] ^= 1
      let print = fingerprint(String(decoding: other, as: UTF8.self))
      #expect(print != fingerprint("correct horse battery"))
    }
  }

  @Test func `hardly ever is another secret's`() {
    // A thousand values of 65,536 meet by chance about eight times.
    #expect(Set((0..<1000).map { fingerprint("secret \($0)") }).count > 970)
  }
}

@Suite struct `A fingerprint` {
  @Test func `is the FNV-1a of the texts, each with the byte FF at its end`() {
    #expect(Fingerprint.of("foobar") == "34524ba7168a2c15")
  }

  @Test func `tells apart where texts end`() {
    #expect(Fingerprint.of("ab", "c") != Fingerprint.of("a", "bc"))
    #expect(Fingerprint.of("a") != Fingerprint.of("a", ""))
  }
}
