import MetiToken
import Testing

/// What `meti-token curl` hands on to curl, and what it refuses before anything asks for a token.
@Suite struct CurlArgumentsTests {
  static func check(
    _ arguments: [String], at api: String = "https://api.example.org:8443/v1"
  ) throws -> [String] {
    let bytes = arguments.map { Array($0.utf8) }
    return try CurlArguments(bytes, api: APIURL(api)).checked.map {
      String(decoding: $0, as: UTF8.self)
    }
  }

  static func refusal(of arguments: [String]) throws -> CurlArguments.Refusal? {
    do {
      _ = try check(arguments)
      return nil
    } catch let refusal as CurlArguments.Refusal {
      return refusal
    }
  }

  @Test(arguments: [
    (["/sources"], ["--url", "https://api.example.org:8443/v1/sources"]),
    (["--", "/sources?a=%20b#c"], ["--url", "https://api.example.org:8443/v1/sources?a=%20b#c"]),
    (["https://api.example.org:8443"], ["--url", "https://api.example.org:8443/"]),
    (["https://API.example.org:8443/x"], ["--url", "https://api.example.org:8443/x"]),
    (["--url", "/a{b,c}[1-2]"], ["--url", "https://api.example.org:8443/v1/a{b,c}[1-2]"]),
    (["/user@host:x"], ["--url", "https://api.example.org:8443/v1/user@host:x"]),
  ])
  func `a path or a URL on the API's origin begins with the origin`(
    given: [String], checked: [String]
  ) throws {
    #expect(try Self.check(given) == checked)
  }

  @Test func `the API's own port may be omitted, and its IPv6 address keeps its brackets`() throws {
    #expect(
      try Self.check(["https://meti.example:443/x"], at: "https://meti.example")
        == ["--url", "https://meti.example/x"])
    #expect(
      try Self.check(["http://[::1]:80/x"], at: "http://[::1]") == ["--url", "http://[::1]/x"])
  }

  @Test(arguments: [
    "https://example.com/", "https://api.example.org/", "https://api.example.org:443/",
    "http://api.example.org:8443/", "//api.example.org:8443/", "//evil.org/",
    "HTTPS://api.example.org:8443/",
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
    "https:api.example.org:8443/", " https://api.example.org:8443/", "@urls", "\t/sources", "/\\x",
    "/a b", "/\u{FF0F}", "/é",
  ])
  func `a URL elsewhere is refused, however it is given`(url: String) throws {
    for arguments in [[url], ["--url", url], ["-s", "--url", url], ["--", url]] {
      #expect(try Self.refusal(of: arguments) != nil, "\(arguments)")
    }
  }

  @Test func `there is exactly one URL`() throws {
    #expect(
      try Self.refusal(of: ["/sources", "--url", "/sources"])?.reason
        == "more than one URL is given to curl")
    for arguments in [
      [], ["-s"], ["--"], ["-o", "/sources"], ["-so", "/sources"], ["--output", "/sources"],
    ] {
      #expect(
        try Self.refusal(of: arguments)?.reason == "no URL is given to curl")
    }
  }

  static let url = ["--url", "https://api.example.org:8443/v1/x"]

  @Test(arguments: [
    (["-sSfL"], ["--silent", "--show-error", "--fail", "--location"]),
    (["-sSfLo", "f"], ["--silent", "--show-error", "--fail", "--location", "--output", "f"]),
    (["-of"], ["--output", "f"]),
    (["-o-k"], ["--output", "-k"]),
    (["-so", "-v"], ["--silent", "--output", "-v"]),
    (["--output", "--insecure"], ["--output", "--insecure"]),
    (["-d", "-k"], ["--data", "-k"]),
    (["-XPOST"], ["--request", "POST"]),
    (["--data-raw", "@x\r\n"], ["--data-raw", "@x\r\n"]),
    (["-H", "X-Authorization: x"], ["--header", "X-Authorization: x"]),
    (["-H", "Content-Type: text/plain"], ["--header", "Content-Type: text/plain"]),
    (["-w", "%{json}\n"], ["--write-out", "%{json}\n"]),
    (["-#N46"], ["--progress-bar", "--no-buffer", "--ipv4", "--ipv6"]),
    (["-G", "--data-urlencode", "a=b"], ["--get", "--data-urlencode", "a=b"]),
  ])
  func `allowed options are handed on by their long names`(
    given: [String], checked: [String]
  ) throws {
    #expect(try Self.check(given + ["/x"]) == checked + Self.url)
    #expect(try Self.check(["/x"] + given) == Self.url + checked)
  }

  @Test func `a value keeps bytes that are no UTF-8`() throws {
    let name: [UInt8] = [0x6F, 0xFF]
    let arguments = [Array("-o".utf8), name, Array("/x".utf8)]
    #expect(try CurlArguments(arguments, api: .standard).checked[1] == name)
  }

  /// As users type them.
  @Test(arguments: [
    ["-v"], ["-sv"], ["--verbose"], ["--trace", "f"], ["--trace-ascii", "-"], ["--libcurl", "f"],
    ["-D", "f"], ["--dump-header"], ["--location-trusted"], ["--next"], ["-:"], ["-Z"],
    ["--parallel"], ["-k"], ["-sk"], ["--insecure"], ["--cacert", "f"], ["--capath", "f"],
    ["--tlsv1.0"], ["--tls-max", "1.1"], ["-x", "p"], ["--proxy", "p"], ["-xp"],
    ["--noproxy", "*"], ["--resolve", "a:1:b"], ["--connect-to", "a:1:b:2"],
    ["--unix-socket", "s"], ["--alt-svc", "f"], ["--socks5", "p"], ["-u", "a:b"], ["-sua:b"],
    ["-n"], ["--netrc"], ["--oauth2-bearer", "t"], ["-K", "f"], ["-Kf"], ["--config", "f"], ["-V"],
    ["--help", "all"], ["-M"],
  ])
  func `an unsafe option is refused`(options: [String]) throws {
    for arguments in [options + ["/x"], ["-s"] + options + ["/x"], ["/x"] + options] {
      let refusal = try Self.refusal(of: arguments)
      #expect(refusal?.reason.contains("does not allow the option") == true, "\(arguments)")
    }
  }

  @Test(arguments: [
    (["-H", "Authorization: x"], "Authorization"), (["-HAuthorization: x"], "Authorization"),
    (["--header", "AUTHORIZATION:"], "Authorization"),
    (["-H", " authorization : x"], "Authorization"), (["-H", "authorization;"], "Authorization"),
    (["-H", "Host: evil.org"], "Host"), (["-H", ":authority: evil.org"], "Host"),
    (["-H", ""], "Host"), (["-H", "@f"], "checked"), (["-H@-"], "checked"),
    (["-H", "A: b\r\nHost: c"], "line break"), (["-A", "a\nb"], "line break"),
    (["-X", "GET / \r\n"], "line break"), (["-o", "a\nb"], "line break"),
  ])
  func `an unsafe value is refused with the reason`(options: [String], words: String) throws {
    for arguments in [options + ["/x"], ["-s"] + options + ["/x"], ["/x"] + options] {
      let refusal = try Self.refusal(of: arguments)
      #expect(refusal?.reason.contains(words) == true, "\(arguments): \(refusal?.reason ?? "")")
    }
  }

  /// Other spellings, abbreviations, what newer versions may bring, and what nobody needs.
  @Test(arguments: [
    "--no-verbose", "--no-insecure", "--loc", "--location-t", "--insec", "--verb", "--silen",
    "--LOCATION-TRUSTED", "--LOCATION", "--out", "--output=f", "--no-output", "--no-location",
    "--no-globoff", "--expand-url", "--ftp-port", "-s\u{FC}", "-\u{FC}", "---", "-sQ", "-s-", "-b",
    "--cookie", "--cookie-jar", "--proto", "--proto-redir", "--proto-default", "--no-disable",
    "--doh-insecure", "--proxy-insecure", "--ciphers", "--engine", "--hsts", "--aws-sigv4",
    "--stderr", "--variable", "--rate", "--dns-servers", "--haproxy-protocol", "--request-target",
    "--krb", "--delegation", "--tlsuser", "--pinnedpubkey", "--crlfile", "--remote-name-all", "-q",
  ])
  func `an option that is not on the list is refused`(option: String) throws {
    for arguments in [[option, "/x"], [option, "f", "/x"], ["/x", option]] {
      #expect(try Self.refusal(of: arguments) != nil, "\(arguments)")
    }
  }

  @Test func `a value that is missing is not taken from nowhere`() throws {
    for arguments in [["/x", "-o"], ["/x", "--output"], ["/x", "-so"]] {
      #expect(
        try Self.refusal(of: arguments)?.reason == "curl's --output needs a value")
    }
  }

  @Test func `the list of allowed options has about fifty names`() {
    let options = CurlArguments.allowedOptions.split(separator: ", ")
    #expect(options.first == "--compressed")
    #expect(options.contains("--fail (-f)"))
    #expect((50...65).contains(options.count))
  }
}
