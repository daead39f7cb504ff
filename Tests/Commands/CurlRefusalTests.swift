import Testing

/// What `meti-token curl` does not do, and says so before it asks anybody for a token.
@Suite("curl refuses")
struct CurlRefusalTests {
  /// Nobody is asked: no keyring, no METI.
  func curl(_ arguments: [String]) throws -> Outcome {
    try Program.metiToken.run(
      ["curl"] + arguments, environment: ["METI_API_URL": "https://api.example.org:8443/v1"])
  }

  @Test(arguments: [
    "https://example.com/", "https://api.example.org/", "https://api.example.org:443/",
    "http://api.example.org:8443/", "//api.example.org:8443/", "//evil.org/",
    "https://api.example.org.evil.org:8443/", "https://api.example.org:84430/",
    "https://user@api.example.org:8443/", "https://a:b@api.example.org:8443/",
    "https://api.example.org:8443@evil.org/", "https://api.example.org:8443\\@evil.org/",
    "https://api.example.org:8443?@evil.org/", "https://api.example.org:8443#@evil.org/",
    "https://api.example.org:8443%2F@evil.org/", "https://api.example.org.:8443/",
    "https://{api.example.org,evil.org}:8443/", "https://api.example.org:844[3-4]/",
    "{https://api.example.org:8443/,https://evil.org/}", "https://аpi.example.org:8443/",
    "https://api.example.org:8443/\u{200B}", "https://ａpi.example.org:8443/",
    "https://api.example.org:8443/a b", "https://api.example.org:8443/\r\nHost: evil.org",
    "api.example.org:8443/", "api.example.org", "sources", "", "-", "file:///etc/passwd",
    "ftp://api.example.org:8443/", "httpss://api.example.org:8443/", "https:/api.example.org:8443/",
    "https:api.example.org:8443/", " https://api.example.org:8443/", "@urls", "\t/sources",
  ])
  func `a URL elsewhere, however it is given`(url: String) throws {
    for arguments in [
      [url], ["--url", url], ["-s", "--url", url], ["--", url], ["/sources", url],
      ["-sS", url, "/sources"],
    ] {
      let outcome = try curl(arguments)
      #expect(outcome.status == .exit(64), "\(arguments)")
      #expect(outcome.out == "")
      #expect(outcome.err.hasPrefix("meti-token: error: "))
    }
  }

  @Test(arguments: [
    ["-v"], ["-sv"], ["-vs"], ["--verbose"], ["--no-verbose"], ["--trace", "f"],
    ["--trace-ascii", "-"], ["--libcurl", "f"], ["--location-trusted"], ["-k"], ["-sk"],
    ["--insecure"], ["--proxy-insecure"], ["--doh-insecure"], ["--connect-to", "a:1:b:2"],
    ["--resolve", "a:1:b"], ["--unix-socket", "s"], ["--abstract-unix-socket", "s"],
    ["--proto", "=http"], ["--proto-redir", "=http"], ["--proto-default", "http"], ["-K", "f"],
    ["-Kf"], ["--config", "f"], ["-u", "a:b"], ["-sua:b"], ["--user", "a:b"], ["-n"], ["--netrc"],
    ["--netrc-file", "f"], ["--netrc-optional"], ["--oauth2-bearer", "t"], ["--anyauth"],
    ["--basic"], ["--digest"], ["--ntlm"], ["--negotiate"], ["--aws-sigv4", "p"],
    ["-H", "Authorization: x"], ["-HAuthorization: x"], ["--header", "AUTHORIZATION:"],
    ["-H", " authorization : x"], ["-H", "authorization;"], ["-H", "Host: evil.org"],
    ["-H", "@f"], ["-H@-"], ["-H", "A: b\r\nHost: c"], ["-A", "a\nb"], ["-X", "GET / \r\n"],
    ["--help", "all"], ["-M"], ["-V"], ["--version"], ["--tlsuser", "u"],
    // The route, the trust, and a second transfer that could read the first one's token.
    ["--next"], ["-:"], ["-Z"], ["--alt-svc", "f"], ["-x", "localhost:1"], ["--cacert", "f"],
    ["--capath", "d"], ["--tlsv1.0"], ["--tls-max", "1.0"], ["--noproxy", "*"], ["-D", "f"],
    // Not known: abbreviations, other spellings, what newer versions may bring.
    ["--loc"], ["--location-t"], ["--insec"], ["--verb"], ["--LOCATION-TRUSTED"], ["--out", "f"],
    ["--output=f"], ["--no-output"], ["--expand-url", "x"], ["--ftp-port", "-"], ["-s:"], ["-ü"],
    ["---"], ["-sQ", "x"],
  ])
  func `an option that is unsafe or not known`(options: [String]) throws {
    for arguments in [options + ["/sources"], ["/sources"] + options] {
      let outcome = try curl(arguments)
      #expect(outcome.status == .exit(64), "\(arguments)")
      #expect(outcome.out == "")
      #expect(outcome.err.hasPrefix("meti-token: error: "))
    }
  }

  @Test func `no URL, and no value`() throws {
    for arguments in [
      [], ["-s"], ["--"], ["/sources", "/sources"],
      ["-o", "/sources"], ["-so", "/sources"], ["/sources", "-o"], ["/sources", "--output"],
    ] {
      let outcome = try curl(arguments)
      #expect(outcome.status == .exit(64), "\(arguments)")
      #expect(outcome.err.hasPrefix("meti-token: error: "))
    }
  }

  @Test func `the reason is told`() throws {
    #expect(
      try curl(["-k", "/sources"]).err
        == "meti-token: error: curl's -k is refused: trust comes from the environment alone; see "
        + "METI_CA_FILE in meti-token(1)\n")
    #expect(
      try curl(["https://evil.org/"]).err == """
        meti-token: error: the URL is not on https://api.example.org:8443, or holds a character \
        that is not visible ASCII
        meti-token: hint: give a path such as /sources, percent-encoded; a token must not be sent \
        elsewhere

        """)
  }

  @Test(arguments: [
    ["/sources"], ["https://api.example.org:8443"], ["https://api.example.org:8443/a{b,c}[1-2]"],
    ["-sSfLo", "-v", "/sources"], ["-o-k", "/sources"], ["-d", "-k", "/sources"],
    ["--data-raw", "@x\r\n", "/sources"], ["-XPOST", "/sources"], ["--no-buffer", "/sources"],
    ["-H", "X-Authorization: x", "/sources"], ["-w", "%{json}\n", "/sources"],
    ["-#", "/sources"],
  ])
  func `not what is fine`(arguments: [String]) throws {
    // There is no keyring to have a token in.
    #expect(try curl(arguments).status == .exit(69), "\(arguments)")
  }

  @Test func `help is help`() throws {
    for option in ["--help", "-h"] {
      let outcome = try curl([option])
      #expect(outcome.status == .exit(0))
      #expect(outcome.out.contains("meti-token curl <argument of curl>"))
    }
  }
}
