import MetiToken
import Testing

@Suite struct `A program that stays` {
  private let world = World()
  private let memory = TokenMemory()

  init() { world.store.isReadOnly = true }

  /// As with every question of the program's.
  private func token() -> Result<String, TokenError> {
    // The environment keeps no token.
    world.store.bodies["token anna@domain.com"] = nil
    let renewal = Renewal(
      cache: MemoryCache(before: world.cache, memory), store: world.store, issuer: world.issuer,
      lock: world.lock, clock: world.clock, report: { _ in })
    do throws(TokenError) {
      let request = TokenRequest(selector: AccountSelector(.anna))
      return .success(text(try renewal.token(for: request, until: world.deadline).secret))
    } catch {
      return .failure(error)
    }
  }

  @Test(arguments: ["refused", "full"])
  func `asks METI once where no tier keeps its token`(_ tier: String) {
    world.cache.isRefused = tier == "refused"
    world.cache.isFull = tier == "full"
    for minute in 0..<59 {
      world.clock.moment = noon.later(Int64(minute) * 60 * second)
      #expect(token() == .success("issued-1"))
    }
    world.clock.moment = noon.later(59 * 60 * second)
    #expect(token() == .success("issued-2"))
  }

  @Test func `has its token taken back in the tier that has taken it`() {
    #expect(token() == .success("issued-1"))
    #expect(token() == .success("issued-1"))
    world.cache.drop(AccountSelector(.anna))
    #expect(token() == .success("issued-2"))
  }

  @Test func `does not take its token for another account's`() {
    world.cache.isRefused = true
    #expect(token() == .success("issued-1"))
    let cache = MemoryCache(before: world.cache, memory)
    func isFound(_ selector: AccountSelector, at now: Moment = noon) -> Bool {
      cache.find(selector, at: now) != nil
    }
    #expect(!isFound(AccountSelector(.ben)))
    #expect(isFound(anyone))
    #expect(!isFound(anyone, at: noon.later(hour)))
    cache.drop(AccountSelector(.anna))
    #expect(!isFound(anyone))
  }
}
