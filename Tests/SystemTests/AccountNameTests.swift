import StandInMETI
import Testing

/// Two accounts whose names are easily taken for one.
@Suite("Accounts with names alike", .manyAtOnce)
struct AccountNameTests {
  /// The first comes first in the order of bytes, and logs in last.
  static let pairs = [
    // The same to `String ==`.
    ("jose\u{301}@domain.com", "jos\u{E9}@domain.com"),
    ("Name@domain.com", "name@domain.com"),
  ]

  private func place(_ first: String, _ second: String) throws -> Workplace {
    let place = try Workplace()
    for name in [second, first] {
      // To the stand-in, too, the two would be one.
      try place.logIn(name, password: "password of \(name)", isVerified: false)
    }
    return place
  }

  private func lines(_ text: String) -> [[UInt8]] {
    text.utf8.split(separator: UInt8(ascii: "\n")).map(Array.init)
  }

  @Test(arguments: pairs)
  func `both are listed, one as the default`(_ first: String, _ second: String) throws {
    let place = try place(first, second)
    #expect(try lines(place.run("list").out) == lines("* \(first)\n  \(second)\n"))
    #expect(try place.run("switch", second).status == .exit(0))
    #expect(try lines(place.run("list").out) == lines("  \(first)\n* \(second)\n"))
    let status = try lines(place.run("status").out)
    #expect(status.contains(Array("\(second) (default)".utf8)))
    #expect(status.contains(Array(first.utf8)))
    let one = try lines(place.run("status", "-a", first).out)
    #expect(one.first == Array(first.utf8))
    #expect(one.count == 4)
  }

  @Test(arguments: pairs)
  func `a logout of one leaves the other, and who is the default`(
    _ first: String, _ second: String
  ) throws {
    let place = try place(first, second)
    #expect(try place.run("logout", "-a", second).status == .exit(0))
    let left = try place.items()
    #expect(left.map(\.kind) == ["account", "default"])
    #expect(Array((left.last?.secret ?? "").utf8) == Array(first.utf8))
    #expect(try lines(place.run("list").out) == lines("* \(first)\n"))
  }

  @Test(arguments: pairs)
  func `a logout of all leaves neither`(_ first: String, _ second: String) throws {
    let place = try place(first, second)
    #expect(try place.run("logout", "--all").status == .exit(0))
    #expect(try place.items() == [])
  }

  @Test(arguments: pairs)
  func `an account of the environment is not the other one`(
    _ first: String, _ second: String
  ) throws {
    let place = try Workplace(.noBus)
    place.meti.setPassword("password", for: first)
    place.environment.merge(["METI_EMAIL": first, "METI_PASSWORD": "password"]) { $1 }
    #expect(try place.run().told == .answer(place.lastToken))
    #expect(try place.run("--account", second).status == .exit(69))
    #expect(place.meti.tokenPosts == 1)
  }

  @Test(arguments: pairs)
  func `git is answered for the name that it says alone`(
    _ first: String, _ second: String
  ) throws {
    let place = try Workplace()
    place.meti.setPassword("password", for: first)
    try place.logIn(first, password: "password")
    #expect(try place.ask("get", place.lines("username=\(second)")).told == .silence)
    let answer = try place.ask("get", place.lines("username=\(first)"))
    #expect(answer.out.contains("password=\(place.lastToken)\n"))
  }
}
