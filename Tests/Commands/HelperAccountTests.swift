import Testing

/// Whose token git is given where the environment has an account, and the keyring another.
@Suite("get and erase, for the account that is named", .manyAtOnce)
struct HelperAccountTests {
  private let own = METIServer.email
  private let other = "second@example.org"

  /// The first account in the environment, the second in the keyring, without a token.
  private func desktop() throws -> Workplace {
    let place = try Workplace()
    place.meti.setPassword("second password", for: other)
    try place.logIn(other, password: "second password", isVerified: false)
    place.environment.merge(["METI_EMAIL": own, "METI_PASSWORD": METIServer.password]) { $1 }
    return place
  }

  private func server(_ extra: [String: String]) throws -> Workplace {
    let place = try Workplace(.noBus)
    place.environment.merge(extra) { $1 }
    return place
  }

  @Test func `the environment's account alone is ours, unless the helper names another`() throws {
    let place = try desktop()
    let answer = try place.ask("get", place.lines("username=\(own)"))
    #expect(answer.told.out == (try place.password(place.lastToken, of: own)))
    #expect(try place.ask("get", place.lines("username=\(other)")).told == .silence)
    #expect(place.meti.tokenPosts == 1)
  }

  @Test func `without a name it is the environment's`() throws {
    let place = try desktop()
    let answer = try place.ask("get", place.lines())
    #expect(answer.out == (try place.password(place.lastToken, of: own)))
  }

  @Test func `a helper that was set up for one account answers for no other`() throws {
    let place = try desktop()
    let request = place.lines("username=\(own)")
    #expect(
      try place.run("get", "--account", other, input: .text(request)).told == .silence)
    let answer = try place.run(
      "get", "--account", other, input: .text(place.lines("username=\(other)")))
    #expect(answer.out == (try place.password(place.lastToken, of: other)))
  }

  @Test func `erase discards the token of the account that is named`() throws {
    let place = try desktop()
    for name in [other, own] { _ = try place.run("get", "-a", name, input: .text(place.lines())) }
    let erased = try place.run(
      "erase", "-a", other, input: .text(place.lines("username=\(other)")))
    #expect(erased.told == .silence)
    #expect(place.kernelKeys == ["#\(own)"])
    #expect(try place.items().map(\.kind) == ["account"])
  }

  @Test func `a server has no other account, and lets other helpers answer for it`() throws {
    let place = try server(["METI_EMAIL": own, "METI_PASSWORD": METIServer.password])
    let answer = try place.ask("get", place.lines("username=\(other)"))
    #expect(answer.told == .silence)
    #expect(place.meti.requests == [])
  }

  @Test func `what the environment lacks is told to those who ask for our host`() throws {
    let place = try server(["METI_CLIENT_ID": "id", "METI_CLIENT_SECRET": "secret"])
    #expect(try place.ask("get", "protocol=https\nhost=example.org\n").told == .silence)
    #expect(
      try place.ask("get", place.lines()).told
        == .quit(
          64, "METI_CLIENT_ID needs METI_TOKEN_URL and METI_AUDIENCE",
          hint: "see SERVERS in meti-token(1)"))
  }
}
