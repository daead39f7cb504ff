import HelperProtocols
import Testing

@Suite struct GitCredentialURLTests {
  typealias Malformed = GitCredentialRequest.Malformed

  @Test(arguments: [
    ("https://host", Asked(protocol: "https", host: "host")),
    ("https://host/", Asked(protocol: "https", host: "host")),
    ("https://host:8443/a/b//", Asked(protocol: "https", host: "host:8443", path: "a/b")),
    ("https://host//a%20b", Asked(protocol: "https", host: "host", path: "a b")),
    ("https://host/a%zz%4", Asked(protocol: "https", host: "host", path: "a%zz%4")),
    ("https://host?q=1", Asked(protocol: "https", host: "host", path: "?q=1")),
    ("https://host#f", Asked(protocol: "https", host: "host", path: "#f")),
    ("https://host/a@b", Asked(protocol: "https", host: "host", path: "a@b")),
    ("https://me@host", Asked(protocol: "https", host: "host", username: "me")),
    ("https://@host", Asked(protocol: "https", host: "host", username: "")),
    (
      "https://me%40x:p%3Aw:d@host",
      Asked(protocol: "https", host: "host", username: "me@x", password: "p:w:d")
    ),
    ("https://a@b@host", Asked(protocol: "https", host: "b@host", username: "a")),
    ("https://[::1]:8443/x", Asked(protocol: "https", host: "[::1]:8443", path: "x")),
    ("cert:///path", Asked(protocol: "cert", host: "", path: "path")),
    ("https://h%2Ecom", Asked(protocol: "https", host: "h%2Ecom")),
  ])
  func `a url is read into its parts`(url: String, parts: Asked) throws {
    #expect(try Asked("url=\(url)\n", secrets: ["p:w:d"]) == parts)
  }

  @Test(arguments: [
    "", "host", "host/path", "://host", "https:host", "https:/host", "https:/", "https:",
    "https://host/a%0Ahost=b", "https://a%0D@host", "https://a:%00@host",
  ])
  func `a url without a protocol or with a hidden line break is refused`(url: String) {
    #expect(throws: Malformed.unusableURL) { try Asked("url=\(url)\n") }
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
    #expect(throws: Malformed.contradiction) { try Asked(text) }
  }

  @Test func `a url may repeat the parts or leave them out`() throws {
    #expect(
      try Asked("path=a\nprotocol=https\nurl=https://host\nhost=host\nurl=https://host/a\n")
        == Asked(protocol: "https", host: "host", path: "a"))
  }
}
