import Testing

@Suite("get, as Bazel calls it", .manyAtOnce)
struct EngFlowTests {
  let place: Workplace
  let token: String

  init() throws {
    place = try Workplace.loggedIn()
    token = place.lastToken
  }

  private func answer(_ place: Workplace) throws -> Told {
    struct Missing: Error {}
    let json = try place.run("--json").out
    // `--json` writes the same instant in the same form.
    let parts = json.parted(at: #""expires_at":""#)
    let expires = parts.after.prefix { $0 != "\"" }
    guard !expires.isEmpty else { throw Missing() }
    return Told(
      status: .exit(0),
      out:
        #"{"headers":{"Authorization":["Bearer \#(place.lastToken)"]},"expires":"\#(expires)"}"#,
      err: "")
  }

  @Test func `the token is given for the API's host`() throws {
    for request in [
      #"{"uri":"URL"}"#, #"{"uri":"URL/"}"#, #"{"uri":"URL/sources?id=1#x"}"#,
      "\n \t{ \"uri\" : \"URL\\/sources\" }\r\n", #"{"uri":"https:\u002f\u002fHOST"}"#,
      #"{"a":[{"uri":"x"}],"uri":"URL","b":null}"#,
    ] {
      let request = request.replacing("URL", with: place.url).replacing("HOST", with: place.host)
      #expect(try place.ask("get", request).told == answer(place), "\(request)")
      #expect(place.meti.requests == [])
    }
  }

  @Test func `a URI that is not ours is an error`() throws {
    for uri in [
      "http://HOST/", "https://127.0.0.1/", "https://127.0.0.1:443/", "https://HOST.evil.example/",
      "https://HOST0/", "https://evil.example/", "https://name@HOST/", "https://HOST@evil.example/",
      "https://HOST\\\\@evil.example/", "https://HOST:1/", "https:/HOST/", "//HOST/", "HOST",
      "https://HOST%2F", "https://HOST/ö", "https://１27.0.0.1:1/", "https://HOST/\\u0000", "",
      " https://HOST/", "https://HOST/ x",
    ] {
      let request = #"{"uri":"\#(uri.replacing("HOST", with: place.host))"}"#
      #expect(
        try place.ask("get", request).told
          == .failure(
            65, "the credential request is not for \(place.url)",
            hint: "use this helper for that host alone: --credential_helper=HOST=PATH"), "\(uri)")
    }
  }

  @Test func `a malformed request is an error at once, with the pipe still open`() throws {
    let child = try place.start("get", input: .open)
    child.send(#"{"uri":1}"#)
    _ = child.wait(timeout: .seconds(5)) { false }
    #expect(!child.isRunning)
    #expect(child.wait().status == .exit(65))
  }

  @Test func `a malformed request is an error`() throws {
    for request in [
      "{}", #"{"uri":1}"#, #"{"uri":null}"#, #"{"uri":"URL","uri":"URL"}"#, #"{"uri":"URL"} x"#,
      #"{"uri":"URL"}{}"#, #"{"uri":"URL""#, #"{"uri":"URL"]"#, #"{"uri":"\x"}"#,
      #"{"a":"# + String(repeating: "[", count: 100),
    ] {
      let request = request.replacing("URL", with: place.url)
      #expect(
        try place.ask("get", request).told
          == .failure(
            65, "the credential request is not a JSON object in UTF-8 with one uri, a string"),
        "\(request)")
    }
  }

  @Test func `the answer does not wait for the end of the pipe`() throws {
    let child = try place.start("get", input: .open)
    child.send(#"{"uri":"\#(place.url)/"}"#)
    _ = child.wait(timeout: .seconds(5)) { false }
    #expect(!child.isRunning)
    #expect(try child.wait().told == answer(place))
  }

  @Test func `ten at once with nothing cached make one request`() throws {
    #expect(try place.run("reject").status == .exit(0))
    let request = #"{"uri":"\#(place.url)/sources"}"#
    let children = try (0..<10).map { _ in try place.start("get", input: .text(request)) }
    let outcomes = children.map { $0.wait() }
    #expect(place.meti.tokenPosts == 1)
    let expected = try answer(place)
    #expect(outcomes.allSatisfy { $0.told == expected })
  }

  @Test func `with nothing stored the build is told to log in`() throws {
    let place = try Workplace()
    #expect(
      try place.ask("get", #"{"uri":"\#(place.url)/"}"#).told
        == .noAccount(at: place.url))
  }

  @Test func `a locked keyring is an error`() throws {
    try place.desktop.restartLocked()
    place.dropKernelKeys()
    let outcome = try place.ask("get", #"{"uri":"\#(place.url)/"}"#)
    #expect(outcome.status == .exit(69))
    #expect(outcome.out == "")
    #expect(outcome.err.hasPrefix("meti-token: error: the keyring is locked"))
  }
}
