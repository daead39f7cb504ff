import MetiToken
import Testing

@Suite struct GitCredentialURLTests {
  @Test(arguments: [
    ("https://host", RequestText(protocol: "https", host: "host")),
    ("https://host/", RequestText(protocol: "https", host: "host")),
    ("https://host:8443/a/b//", RequestText(protocol: "https", host: "host:8443", path: "a/b")),
    ("https://host//a%20b", RequestText(protocol: "https", host: "host", path: "a b")),
    ("https://host/a%zz%4", RequestText(protocol: "https", host: "host", path: "a%zz%4")),
    ("https://host?q=1", RequestText(protocol: "https", host: "host", path: "?q=1")),
    ("https://host#f", RequestText(protocol: "https", host: "host", path: "#f")),
    ("https://host/a@b", RequestText(protocol: "https", host: "host", path: "a@b")),
    ("https://me@host", RequestText(protocol: "https", host: "host", username: "me")),
    ("https://@host", RequestText(protocol: "https", host: "host", username: "")),
    (
      "https://me%40x:p%3Aw:d@host",
      RequestText(protocol: "https", host: "host", username: "me@x", password: "p:w:d")
    ),
    ("https://a@b@host", RequestText(protocol: "https", host: "b@host", username: "a")),
    ("https://[::1]:8443/x", RequestText(protocol: "https", host: "[::1]:8443", path: "x")),
    ("cert:///path", RequestText(protocol: "cert", host: "", path: "path")),
    ("https://h%2Ecom", RequestText(protocol: "https", host: "h%2Ecom")),
  ])
  func `a url is read into its parts`(url: String, parts: RequestText) throws {
    #expect(try RequestText("url=\(url)\n") == parts)
  }

  @Test(arguments: [
    "", "host", "host/path", "://host", "https:host", "https:/host", "https:/", "https:",
    "https://host/a%0Ahost=b", "https://a%0D@host", "https://a:%00@host",
  ])
  func `a url without a protocol or with a hidden line break is refused`(url: String) {
    #expect(throws: MalformedRequest.unusableURL) { try RequestText("url=\(url)\n") }
  }

  @Test(arguments: [
    "protocol=http\nurl=https://host/a\n",
    "url=https://host/a\nprotocol=http\n",
    "host=other\nurl=https://host/a\n",
    "url=https://host/a\nhost=other\n",
    "url=https://host/a\nhost=HOST\n",
    "url=https://host/a\npath=b\n",
    "url=https://me@host\nusername=you\n",
    "password=q\nurl=https://me:p@host\n",
    "url=https://host\nurl=https://other\n",
  ])
  func `a url must agree with the parts`(text: String) {
    #expect(throws: MalformedRequest.contradiction) { try RequestText(text) }
  }

  @Test func `a url may repeat the parts or leave them out`() throws {
    #expect(
      try RequestText("path=a\nprotocol=https\nurl=https://host\nhost=host\nurl=https://host/a\n")
        == RequestText(protocol: "https", host: "host", path: "a"))
  }
}
