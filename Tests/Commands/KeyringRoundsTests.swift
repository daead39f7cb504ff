import Testing

@Suite("Round trips to the keyring in one process", .manyAtOnce)
struct KeyringRoundsTests {
  /// scripts/leaks makes a thousand and finds less; few rounds share the heap's housekeeping.
  @Test func `leave neither memory nor files nor threads behind`() throws {
    let desktop = try Desktop()
    let outcome = try Program(product: "keyring-rounds").run(
      ["60", "20"], environment: desktop.environment, timeout: .seconds(120))
    #expect(outcome.status == .exit(0))
    let kinds = outcome.out.split(separator: "\n").map { $0.split(separator: " ") }
    try #require(kinds.map { $0.first } == ["writing", "reading"])
    let figures = kinds.map { $0.dropFirst().compactMap { Int($0) } }
    // libsecret itself loses some with each secret that is read; see Tests/memcheck.supp.
    for (figures, most) in zip(figures, [2048, 4096]) {
      try #require(figures.count == 3)
      #expect(figures[0] <= most)
      #expect(figures[1] <= 0)
      #expect(figures[2] <= 2)
    }
  }
}
