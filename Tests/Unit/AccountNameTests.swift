import MetiToken
import Testing

@Suite struct `Names of accounts` {
  private let composed = "\u{E9}@b.c"
  private let decomposed = "e\u{301}@b.c"

  @Test func `are compared byte for byte`() {
    #expect(composed == decomposed)
    #expect(!composed.isSameName(as: decomposed))
    #expect(composed.isSameName(as: composed))
    #expect(!"A@b.c".isSameName(as: "a@b.c"))
    #expect(!"a@b.c".isSameName(as: nil))
  }

  @Test func `are listed each once, in the order of their bytes`() {
    let names = StoredAccounts(names: ["b", composed, "a", decomposed, "b", "B", composed]).names
    #expect(
      names.map { Array($0.utf8) } == ["B", "a", "b", decomposed, composed].map { Array($0.utf8) })
  }

  @Test func `tell selectors apart`() {
    let one = AccountSelector.named(.named(composed))
    #expect(one != .named(.named(decomposed)))
    #expect(one == .named(.named(composed)))
    #expect(one != anyone)
    #expect(anyone == AccountSelector.any(.standard))
  }

  @Test func `are allowed by a selector that names them or none`() {
    let one = AccountSelector.named(.named(composed))
    #expect(one.allows(composed))
    #expect(!one.allows(decomposed))
    #expect(anyone.allows(decomposed))
  }
}
