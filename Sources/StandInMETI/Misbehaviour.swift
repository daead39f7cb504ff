/// Trouble at random: what a share of all requests for a token are answered with.
///
/// The same seed gives the same answers in the same order.
public struct Misbehaviour: Sendable {
  /// Of a hundred requests, so many are not answered as they should be.
  public let percent: Int
  private var generator: SplitMix64

  public init(seed: UInt64, percent: Int) {
    self.percent = percent
    generator = SplitMix64(state: seed)
  }

  /// The answer to the next request.
  mutating func next() -> Answer {
    guard Int.random(in: 0..<100, using: &generator) < percent else { return .issue }
    // A repeated case is as much likelier.
    switch Int.random(in: 0..<20, using: &generator) {
    case 0...2: return .close
    case 3: return .truncated
    case 4: return .raw(Array("220 mail.example ESMTP\r\n".utf8))
    case 5: return .body("<html>log in to the network</html>")
    case 6: return .body(#"{"token":"","expires_in":3600}"#)
    case 7: return .redirect(to: "https://127.0.0.1:1/token")
    case 8: return .oversized(bytes: 200_000)
    case 9: return .silence
    case 10: return .status(401, body: #"{"error":"invalid e-mail or password"}"#)
    case 11, 12: return .status(500)
    case 13: return .status(503)
    case 14, 15: return .status(503, headers: [("Retry-After", "1")])
    case 16: return .status(429, headers: [("Retry-After", "2")])
    default:
      return .delay(seconds: .random(in: 0.05...2, using: &generator), then: .issue)
    }
  }
}

/// Steele, Lea and Flood's SplitMix64: the system's generator cannot be seeded.
private struct SplitMix64: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
    return mixed ^ (mixed >> 31)
  }
}
