import Testing

/// What `meti-token curl` refuses, and says so before it needs a token. The rules are in
/// CurlArgumentsTests.
@Suite("curl refuses", .manyAtOnce)
struct CurlRefusalTests {
  /// There is no keyring and no METI.
  func curl(_ arguments: [String]) throws -> Outcome {
    try Program.metiToken.run(
      ["curl"] + arguments, environment: ["METI_API_URL": "https://api.example.org:8443/v1"])
  }

  @Test(arguments: ["-k", "--insec"])
  func `an option that is not on the list, with the way to it`(option: String) throws {
    #expect(
      try curl([option, "/sources"]).told
        == .failure(
          64, "meti-token curl does not allow the option \(option)",
          hint: "see the allowed options with: meti-token curl --help"))
  }

  @Test func `a URL elsewhere`() throws {
    #expect(
      try curl(["https://evil.org/"]).told
        == .failure(
          64,
          "the URL is not on https://api.example.org:8443, and a token must not be sent elsewhere",
          hint: "give a path such as /sources, or set METI_API_URL"))
  }

  @Test func `a URL that curl could read differently`() throws {
    #expect(
      try curl(["https://api.example.org:8443\\@evil.org/"]).told
        == .failure(
          64, "the URL contains a space, a control character, a backslash or a non-ASCII character",
          hint: "write it percent-encoded"))
  }

  @Test func `a call without a URL`() throws {
    #expect(
      try curl(["-s"]).told
        == .failure(64, "no URL is given to curl", hint: "give a path such as /sources"))
  }

  @Test(arguments: [
    ["/sources"], ["https://API.example.org:8443/a{b,c}[1-2]"], ["-sSfLo", "-v", "/sources"],
    ["-H", "X-Authorization: x", "/sources"], ["--data-raw", "@x\r\n", "/sources"],
  ])
  func `not what is safe`(arguments: [String]) throws {
    // There is no keyring to have a token in.
    #expect(try curl(arguments).status == .exit(69), "\(arguments)")
  }

  @Test func `help is help, with the allowed options`() throws {
    for option in ["--help", "-h"] {
      let outcome = try curl([option])
      #expect(outcome.status == .exit(0))
      #expect(outcome.out.contains("meti-token curl <argument of curl>"))
      #expect(outcome.out.contains("--compressed, --connect-timeout"))
    }
  }
}
