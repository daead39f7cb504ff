import Testing

@testable import MetiToken

/// Five calls a second, each a process of its own, through an outage.
///
/// `@unchecked`: callers take ``Turns``.
private final class Outage: @unchecked Sendable {
  let turns = Turns()
  private let cache = FakeCache()
  private let store = FakeStore()
  private let issuer: FakeIssuer
  private let lock: FakeLock
  private let defaults = FakeDefaults()
  private let end: Int64
  private(set) var failed = 0
  /// How long calls took that did more than read the cache, in milliseconds.
  private(set) var durations: [Int64] = []
  var requests: Int { issuer.asked.count }

  init(
    lifetime: Int64, from start: Int64, for duration: Int64, _ answer: FakeIssuer.Answer,
    hasCache: Bool
  ) {
    issuer = FakeIssuer(turns)
    lock = FakeLock(turns)
    end = noon.boot + lifetime * 4000 / 3
    cache.isRefused = !hasCache
    defaults.name = Account.anna.name
    store.bodies["credential anna@domain.com"] = text(Credential.password("secret").stored())
    let outage = (noon.boot + start)..<(noon.boot + start + duration)
    issuer.answer = { [turns] _ in
      outage.contains(turns.now().boot) ? answer : .token(lifetime: lifetime)
    }
    callers(from: noon.boot)
    turns.run()
  }

  /// Starts a caller every 200 milliseconds, but none that would only read the cache.
  private func callers(from start: Int64) {
    guard start < end else { return }
    turns.start(at: start) { [self] in
      let now = turns.now()
      let quiet = cache.find(.anna, at: now)?.quietTime(at: now) ?? 0
      callers(from: now.boot + max((quiet + 199) / 200, 1) * 200)
      if quiet == 0 { call() }
    }
  }

  private func call() {
    let start = turns.now()
    let renewal = Renewal(
      cache: cache, store: store, defaults: defaults, issuer: issuer, locks: lock, clock: turns,
      report: { _ in })
    do throws(TokenError) {
      let token = try renewal.token(
        for: TokenRequest(selector: anyone), until: Deadline(30 * second, from: start))
      if token.expiry.isOver(at: turns.now()) { failed += 1 }
    } catch {
      failed += 1
    }
    durations.append(turns.now().boot - start.boot)
  }
}

@Suite struct `Five calls a second` {
  @Test(arguments: [(60, 9), (120, 25)] as [(Int64, Int64)])
  func `outlast an outage of METI at any moment of a short token's life`(
    _ lifetime: Int64, _ duration: Int64
  ) {
    let answers: [FakeIssuer.Answer] = [.failure(.trouble()), .silence]
    for answer in answers {
      for start in stride(from: 100, to: lifetime * second, by: 670) {
        let outage = Outage(
          lifetime: lifetime, from: start, for: duration * second, answer, hasCache: true)
        let summary: Comment = "\(answer) from \(start): \(outage.durations), \(outage.requests)"
        #expect(outage.failed == 0, summary)
        #expect(outage.requests <= 25, summary)
        #expect(outage.durations.filter { $0 > 700 }.count <= 4, summary)
        #expect(outage.durations.allSatisfy { $0 <= 4000 }, summary)
      }
    }
  }

  @Test func `outlast it also without the kernel tier`() {
    for answer in [FakeIssuer.Answer.failure(.trouble()), .silence] {
      for start in stride(from: 40_000, to: 60_000, by: 3970) as StrideTo<Int64> {
        let outage = Outage(
          lifetime: 60, from: start, for: 9 * second, answer, hasCache: false)
        let summary: Comment = "\(answer) from \(start): \(outage.durations), \(outage.requests)"
        #expect(outage.failed == 0, summary)
        #expect(outage.requests <= 25, summary)
        #expect(outage.durations.allSatisfy { $0 <= 4000 }, summary)
      }
    }
  }
}
