import MetiToken
import Testing

@Suite struct GitCredentialRequestTests {
  @Test func `every attribute that matters is kept and the rest is read past`() throws {
    let text = """
      capability[]=authtype
      capability[]=state
      protocol=https
      host=api.meti.millpont.com
      path=sources/?id=src_1
      username=name@domain.com
      password=pass=word
      authtype=Bearer
      credential=t0ken
      ephemeral=1
      password_expiry_utc=1
      oauth_refresh_token=r
      wwwauth[]=Bearer
      state[]=x

      """
    let asked = try RequestText(text)
    #expect(
      asked
        == RequestText(
          protocol: "https", host: "api.meti.millpont.com", path: "sources/?id=src_1",
          username: "name@domain.com", authtype: "Bearer", password: "pass=word",
          credential: "t0ken", hasAuthtypeCapability: true))
  }

  @Test func `nothing after a blank line counts`() throws {
    #expect(try RequestText("host=a\n\nhost=b\n\0") == RequestText(host: "a"))
    #expect(try RequestText("host=a\r\n\r\nhost=b\n\0") == RequestText(host: "a"))
    #expect(try RequestText("\nhost=b\n") == RequestText())
  }

  @Test func `an empty value is a value`() throws {
    #expect(try RequestText("username=\n") == RequestText(username: ""))
  }

  @Test(arguments: [
    "\u{85}", "\u{2028}", "\u{2029}", "\u{0B}", "\u{0C}", "\u{1C}", "\u{1D}", "\u{1E}",
  ])
  func `only a line feed ends a line`(separator: String) throws {
    let value = "a\(separator)host=api.meti.millpont.com"
    let request = try RequestText("path=\(value)\n")
    #expect(request.path?.utf8.elementsEqual(value.utf8) == true)
    #expect(request.host == nil)
  }

  @Test func `bytes that are no UTF-8 stay as they are`() throws {
    let request = try GitCredentialRequest(bytes: Array("path=".utf8) + [0xFF, 0xC0, 0x80, 0x0A])
    let path = request[.path]
    #expect(path == [0xFF, 0xC0, 0x80])
  }

  @Test(arguments: [
    "host",
    "host=a\nprotocol\n",
    "{\"uri\":\"https://a/\"}\n",
    " \n",
    "=a\n",
    "=\n",
    "path=a\rhost=b\n",
    "path=a\r\r\n",
    "\r\r\n",
    "ho\rst=b\n",
    "path=a\0b\n",
    "pa\0th=a\n",
    "wwwauth[]=a\0b\n",
    "\0\n",
  ])
  func `a line which is no attribute is malformed`(text: String) {
    #expect(throws: MalformedRequest.malformedLine) { try RequestText(text) }
  }

  @Test func `a line has at most 65535 bytes with its line feed`() throws {
    let fits = Array("path=".utf8) + Array(repeating: UInt8(ascii: "a"), count: 65_529) + [0x0A]
    #expect(fits.count == 65_535)
    #expect(try RequestText(fits).path?.utf8.count == 65_529)

    let tooLong = Array("path=".utf8) + Array(repeating: UInt8(ascii: "a"), count: 65_530) + [0x0A]
    #expect(tooLong.count == 65_536)
    #expect(throws: MalformedRequest.tooLong) { try RequestText(tooLong) }
  }

  @Test func `a line feed where a longer line would be split starts no attribute`() {
    // CVE-2020-5260's kin: a reader with a fixed buffer takes the rest for a line of its own.
    let text = "path=" + String(repeating: "a", count: 65_530) + "host=api.meti.millpont.com\n"
    #expect(throws: MalformedRequest.tooLong) { try RequestText(text) }
  }

  @Test func `an unknown attribute is held to the same length`() {
    #expect(throws: MalformedRequest.tooLong) {
      try RequestText("wwwauth[]=" + String(repeating: "a", count: 65_536) + "\n")
    }
  }

  @Test func `a request has at most 1 MiB`() throws {
    let line = Array("unknown=".utf8) + Array(repeating: UInt8(ascii: "a"), count: 1015) + [0x0A]
    let full = Array([[UInt8]](repeating: line, count: 1024).joined())
    #expect(full.count == 1_048_576)
    #expect(try RequestText(full) == RequestText())
    #expect(throws: MalformedRequest.tooLong) { try RequestText(full + [0x0A]) }
  }

  @Test(arguments: ["protocol", "host", "path", "username", "password", "credential", "authtype"])
  func `a single-valued key may be repeated but not contradicted`(key: String) throws {
    #expect(try RequestText("\(key)=a\n\(key)=a\n") == RequestText("\(key)=a\n"))
    #expect(throws: MalformedRequest.contradiction) { try RequestText("\(key)=a\n\(key)=b\n") }
    #expect(throws: MalformedRequest.contradiction) { try RequestText("\(key)=a\n\(key)=\n") }
    #expect(throws: MalformedRequest.contradiction) {
      try RequestText("\(key)=\u{E9}\n\(key)=e\u{301}\n")
    }
  }

  @Test(arguments: [
    ("capability[]=authtype\n", true),
    ("capability[]=state\n", false),
    ("capability[]=authtype\ncapability[]=\n", false),
    ("capability[]=authtype\ncapability[]=\ncapability[]=authtype\n", true),
    ("capability[]=authtype2\n", false),
    ("capability[]=Authtype\n", false),
    ("capability=authtype\n", false),
    ("wwwauth[]=authtype\n", false),
  ])
  func `a list is kept in order and emptied by an empty value`(
    text: String, hasAuthtype: Bool
  ) throws {
    #expect(try RequestText(text) == RequestText(hasAuthtypeCapability: hasAuthtype))
  }

  @Test func `usernames are compared as bytes`() throws {
    let composed = "jos\u{E9}@domain.com"
    let decomposed = "jose\u{301}@domain.com"
    let request = try GitCredentialRequest(
      "protocol=https\nhost=api.meti.millpont.com\nusername=\(composed)\n")
    let selector = request.selector(at: .standard)
    let allowed = [composed, decomposed, "JOS\u{E9}@domain.com"].map { selector?.allows($0) }
    #expect(composed == decomposed)
    #expect(allowed == [true, false, false])
  }

  @Test func `a username that no account can have selects none`() throws {
    let lines = "protocol=https\nhost=api.meti.millpont.com\nusername="
    for username in ["", "a b", "\u{7F}", String(repeating: "a", count: 255)] {
      let selector = try GitCredentialRequest(lines + username).selector(at: .standard)
      #expect(selector == nil)
    }
    let notUTF8 = try GitCredentialRequest(bytes: Array(lines.utf8) + [0xFF])
    let selector = notUTF8.selector(at: .standard)
    #expect(selector == nil)
  }

  @Test func `no reason for a refusal shows any of the input`() {
    #expect(MalformedRequest.allCases.allSatisfy { $0.rawValue.contains("credential request") })
  }
}
