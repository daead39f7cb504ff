import MetiToken
import Testing

@Suite struct `An API URL` {
  @Test(arguments: [
    ("https://api.meti.millpont.com", "https://api.meti.millpont.com"),
    ("https://api.meti.millpont.com/", "https://api.meti.millpont.com"),
    ("https://api.meti.millpont.com///", "https://api.meti.millpont.com"),
    ("HTTPS://API.Meti.MILLPONT.com", "https://api.meti.millpont.com"),
    ("https://api.meti.millpont.com:443", "https://api.meti.millpont.com"),
    ("https://api.meti.millpont.com:8443", "https://api.meti.millpont.com:8443"),
    ("https://api.meti.millpont.com:80", "https://api.meti.millpont.com:80"),
    ("https://proxy.example/Meti/v1/", "https://proxy.example/Meti/v1"),
    ("https://proxy.example//a//b/", "https://proxy.example//a//b"),
    ("https://proxy.example/a@b", "https://proxy.example/a@b"),
    ("https://192.0.2.7", "https://192.0.2.7"),
    ("https://my_host-1.example", "https://my_host-1.example"),
    ("https://[2001:DB8::1]:443/x", "https://[2001:db8::1]/x"),
    ("https://[2001:db8::1]:8443", "https://[2001:db8::1]:8443"),
    ("http://localhost", "http://localhost"),
    ("http://LOCALHOST:80/", "http://localhost"),
    ("http://localhost:443", "http://localhost:443"),
    ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
    ("http://127.255.255.254", "http://127.255.255.254"),
    ("http://[::1]:8080", "http://[::1]:8080"),
  ])
  func `is normalised`(_ given: String, _ normal: String) throws {
    let url = try APIURL(given)
    #expect(url.text == normal)
    #expect(try APIURL(normal) == url)
  }

  @Test func `has the standard one as its default`() throws {
    #expect(try APIURL("https://api.meti.millpont.com") == .standard)
  }

  @Test func `has an origin without its path`() throws {
    #expect(try APIURL("https://proxy.example:8443/meti").origin == "https://proxy.example:8443")
  }

  @Test(arguments: [
    "", "api.meti.millpont.com", "//api.meti.millpont.com", "ftp://api.meti.millpont.com",
    "https:api.meti.millpont.com", "https:/api.meti.millpont.com", "httpss://a.example",
    "file:///etc/passwd",
  ])
  func `is no other scheme`(_ text: String) {
    #expect(refusal(text) == .notHTTPS)
  }

  @Test(arguments: [
    "http://api.meti.millpont.com", "http://10.0.0.1", "http://192.168.1.1", "http://0.0.0.0",
    "http://[::]", "http://[::ffff:7f00:1]", "http://localhost.example.com",
    "http://localhost.localdomain", "http://notlocalhost",
  ])
  func `over plain http is loopback's alone`(_ text: String) {
    #expect(refusal(text) == .notHTTPS)
  }

  @Test(arguments: [
    "http://127.0.0.1.example.com", "http://127.1", "http://127.0.1", "http://127",
    "http://127.0.0",
    "http://127.0.0.0.1", "http://0x7f.1", "http://0x7f.0.0.1", "http://0x7f000001",
    "http://2130706433", "http://017700000001", "http://0177.0.0.1", "http://127.0.0.256",
    "http://127.0.0.0x1", "http://127..0.1", "http://127.0.0.1a", "http://128.0.0.1",
    "http://127.0.0.-0", "http://127.-0.0.1", "http://127.0.0.09", "http://127.0.0.010",
    "http://127.00.0.1",
  ])
  func `is not taken for loopback by resemblance`(_ text: String) {
    #expect(refusal(text) == .notHTTPS)
  }

  @Test(arguments: [
    "https://api.meti.millpont.com\n", " https://api.meti.millpont.com",
    "https://api.meti millpont.com", "https://api.meti.millpont.com/\u{0}",
    "https://api.meti.millpont.com/\t", "https://api.meti.millpont.com/\u{7F}",
    "https://api.meti.millpont.com\\@evil.example", "https:\\\\api.meti.millpont.com",
    "https://api.meti.millpont.com\\.evil.example",
    "https://ａpi.meti.millpont.com", "https://api。meti.millpont.com",
    "https://аpi.meti.millpont.com",
    "https://api.meti\u{AD}.millpont.com", "https://api.meti\u{200B}.millpont.com",
    "https://localhoſt", "http://①27.0.0.1", "https://bücher.example", "https://a.example／b",
    "https://a.example/ü",
  ])
  func `is printable ASCII, which no other character folds into`(_ text: String) {
    #expect(refusal(text) == .malformed)
  }

  @Test(arguments: [
    "https://name:password@api.meti.millpont.com", "https://api.meti.millpont.com@evil.example",
    "https://@api.meti.millpont.com", "http://127.0.0.1@evil.example",
    "https://api.meti.millpont.com:443@evil.example",
    "https://name@domain.com@api.meti.millpont.com",
  ])
  func `carries no user`(_ text: String) {
    #expect(refusal(text) == .malformed)
  }

  @Test(arguments: [
    "https://api.meti.millpont.com?a=b", "https://api.meti.millpont.com/?",
    "https://api.meti.millpont.com/#top", "https://api.meti.millpont.com#",
    "https://evil.example#.meti.millpont.com", "https://evil.example?.meti.millpont.com",
  ])
  func `has neither query nor fragment`(_ text: String) {
    #expect(refusal(text) == .malformed)
  }

  @Test(arguments: [
    "https://", "https:///token", "https://:443", "https://api.meti.millpont.com.",
    "https://api%2Emeti.millpont.com", "https://api.meti.millpont.com%00.evil.example",
    "https://a,b.example", "https://a;b", "https://a!b", "https://[]", "https://[::1",
    "https://[::1]a", "https://[::1]a:443", "https://[::1%25eth0]", "https://[::ffff:127.0.0.1]",
    "https://[v1.x]", "https://[::g]", "https://::1",
  ])
  func `has a plain host name or address`(_ text: String) {
    #expect(refusal(text) == .malformed)
  }

  @Test(arguments: [
    "https://a.example:0", "https://a.example:65536", "https://a.example:-1",
    "https://a.example:", "https://a.example:00443", "https://a.example:+443",
    "https://a.example:443a", "https://a.example:0x1bb",
    "https://a.example:99999999999999999999", "https://[::1]:0", "https://a.example:443:444",
  ])
  func `has a port from 1 to 65535`(_ text: String) {
    #expect(refusal(text) == .malformed)
  }

  @Test func `differs by its port`() throws {
    #expect(try APIURL("https://a.example") != APIURL("https://a.example:444"))
  }

  @Test func `differs by the case of its path`() throws {
    #expect(try APIURL("https://a.example/a") != APIURL("https://a.example/A"))
  }

  @Test func `differs by its scheme on the same port`() throws {
    #expect(try APIURL("https://localhost:8080") != APIURL("http://localhost:8080"))
  }

  private func refusal(_ text: String) -> APIURLError? {
    failure { () throws(APIURLError) in _ = try APIURL(text) }
  }
}
