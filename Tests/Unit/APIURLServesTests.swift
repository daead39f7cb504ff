import MetiToken
import Testing

@Suite struct APIURLServesTests {
  static let meti = "https://api.meti.millpont.com:443"

  @Test(arguments: [
    (meti, "https", "api.meti.millpont.com"),
    (meti, "https", "API.Meti.MillPont.COM"),
    (meti, "https", "api.meti.millpont.com:443"),
    ("https://meti.example:8443", "https", "meti.example:8443"),
    ("http://127.0.0.1:8080", "http", "127.0.0.1:8080"),
    ("http://localhost:80", "http", "localhost:80"),
    ("http://localhost:80", "http", "localhost"),
    ("http://localhost:443", "http", "localhost:443"),
    ("http://[::1]:8080", "http", "[::1]:8080"),
    ("https://[::1]:443", "https", "[::1]"),
    ("https://[fe80::a]:443", "https", "[FE80::A]:443"),
  ])
  func `our host is answered with or without the default port`(
    ours: String, proto: String, asked: String
  ) throws {
    #expect(try APIURL(ours).answers(protocol: proto, host: asked))
    let uri = "\(proto)://\(asked)/sources"
    #expect(try APIURL(ours).answers(uri: uri))
  }

  static let lookAlikes = [
    "", "com", "millpont.com", "x.api.meti.millpont.com", "api.meti.millpont.com.evil.example",
    "xapi.meti.millpont.com", "api.meti.millpont.com.", "api.meti.millpont.com.:443",
    ".api.meti.millpont.com", "api-meti.millpont.com", "api.meti.millpont.co",
    "name@api.meti.millpont.com", "@api.meti.millpont.com", "api.meti.millpont.com@evil.example",
    "name:pass@api.meti.millpont.com", "api.meti.millpont.com:443@evil.example",
    "api.meti.millpont.com:", "api.meti.millpont.com:80", "api.meti.millpont.com:8443",
    "api.meti.millpont.com:0443", "api.meti.millpont.com:443:443", "api.meti.millpont.com:4430",
    "api.meti.millpont.com:+443", "api.meti.millpont.com:\u{FF14}43",
    "api%2Emeti.millpont.com", "%61pi.meti.millpont.com", "api.meti.millpont.com%00",
    "\u{FF41}pi.meti.millpont.com", "api\u{3002}meti.millpont.com", "api\u{FF0E}meti.millpont.com",
    "api.m\u{AD}eti.millpont.com", "api.meti.mi\u{200B}llpont.com", "api.met\u{131}.millpont.com",
    "api.meti.millpont.com\u{AD}", "api.m\u{435}ti.millpont.com", "api.meti.millpont.com\u{301}",
    " api.meti.millpont.com", "api.meti.millpont.com ", "api.meti.millpont.com\t",
    "api.meti.millpont.com\u{0B}", "api.meti.millpont.com\u{7F}", "api.meti.millpont.com\0",
    "api.meti.millpont.com\\", "api.meti.millpont.com\u{85}", "[api.meti.millpont.com]",
  ]

  @Test(arguments: lookAlikes)
  func `a host that only looks like ours is not answered`(asked: String) {
    let host = APIURL.standard
    #expect(!host.answers(protocol: "https", host: asked))
    #expect(!host.answers(uri: "https://\(asked)/sources"))
    #expect(!host.answers(uri: "https://\(asked)"))
  }

  @Test(arguments: ["api.meti.millpont.com/", "api.meti.millpont.com/x", "api.meti.millpont.com?"])
  func `git's host has no path`(asked: String) {
    let host = APIURL.standard
    #expect(!host.answers(protocol: "https", host: asked))
  }

  @Test func `a byte that is no UTF-8 is not answered`() {
    let host = APIURL.standard
    for byte in UInt8(0x80)...0xFF {
      let asked = Array("api.meti.millpont.com".utf8) + [byte]
      #expect(!host.serves(protocol: Array("https".utf8), host: asked))
    }
  }

  @Test(arguments: ["", "http", "HTTPS", "https:", "https ", "httpss", "ftp", "ssh"])
  func `the protocol must be exact`(asked: String) {
    let host = APIURL.standard
    #expect(!host.answers(protocol: asked, host: "api.meti.millpont.com"))
    #expect(!host.answers(uri: "\(asked)://api.meti.millpont.com/"))
  }

  @Test(arguments: [
    ("https://meti.example:8443", "https", "meti.example"),
    ("https://meti.example:8443", "https", "meti.example:443"),
    ("http://127.0.0.1:8080", "http", "127.0.0.1"),
    ("http://127.0.0.1:8080", "https", "127.0.0.1:8080"),
    ("http://127.0.0.1:8080", "http", "localhost:8080"),
    ("http://localhost:443", "http", "localhost"),
    ("http://localhost:443", "http", "localhost:80"),
    ("http://localhost:80", "http", "localhost:443"),
    ("https://meti.example:80", "https", "meti.example"),
    ("http://[::1]:8080", "http", "[::1]"),
    ("http://[::1]:8080", "http", "::1:8080"),
    ("https://[::1]:443", "https", "[0:0:0:0:0:0:0:1]"),
  ])
  func `a port that is not the default must be there`(
    ours: String, proto: String, asked: String
  ) throws {
    #expect(try !APIURL(ours).answers(protocol: proto, host: asked))
    #expect(try !APIURL(ours).answers(uri: "\(proto)://\(asked)/"))
  }

  @Test(arguments: [
    "https://api.meti.millpont.com", "https://api.meti.millpont.com/",
    "https://API.meti.millpont.com:443", "https://api.meti.millpont.com:443/a?b#c",
    "https://api.meti.millpont.com?q=1", "https://api.meti.millpont.com#f",
    "https://api.meti.millpont.com/name@evil.example", "https://api.meti.millpont.com/%0A",
  ])
  func `a uri on our host is answered`(uri: String) throws {
    #expect(try APIURL(Self.meti).answers(uri: uri))
  }

  @Test(arguments: [
    "", "https://", "https:/", "api.meti.millpont.com", "//api.meti.millpont.com/",
    "https:api.meti.millpont.com/", "https:///api.meti.millpont.com/",
    "https://evil.example/https://api.meti.millpont.com/",
    "https://api.meti.millpont.com\\.evil.example/", "https://api.meti.millpont.com/a\\b",
    "https://api.meti.millpont.com/a b", "https://api.meti.millpont.com/\u{E9}",
    "https://api.meti.millpont.com/\n", " https://api.meti.millpont.com/",
    "https://api.meti.millpont.com;/", "https://api.meti.millpont.com&x",
  ])
  func `any other uri is refused`(uri: String) throws {
    #expect(try !APIURL(Self.meti).answers(uri: uri))
  }
}

extension APIURL {
  fileprivate func answers(protocol: String, host: String) -> Bool {
    serves(protocol: Array(`protocol`.utf8), host: Array(host.utf8))
  }

  fileprivate func answers(uri: String) -> Bool { serves(uri: uri) }
}
