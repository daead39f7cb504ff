import Testing

extension ServerTests {
  @Test func `a client of the second generation works the same`() throws {
    let place = try server([
      "METI_CLIENT_ID": METIServer.clientID, "METI_CLIENT_SECRET": METIServer.clientSecret,
      "METI_AUDIENCE": "https://api.meti.millpont.com",
    ])
    place.environment["METI_TOKEN_URL"] = place.url + "/oauth/token"
    #expect(try place.run().told == .answer(place.lastToken))
    #expect(place.meti.tokenPosts == 1)
  }

  @Test func `the hint names the token URL that a client lacks`() throws {
    let place = try server(["METI_CLIENT_ID": "id", "METI_CLIENT_SECRET": "secret"])
    #expect(
      try place.run().told
        == .failure(
          64, "METI_CLIENT_ID needs METI_TOKEN_URL and METI_AUDIENCE",
          hint: "see SERVERS in meti-token(1)"))
  }
}
