import Testing

@testable import MetiToken

@Suite struct `A stored body` {
  private struct Content: Equatable {
    var secret: String
    var fields: [String: String]
  }

  private func read(_ body: String) -> Content? {
    guard let body = StoredBody(Secret(copying: body)) else { return nil }
    var fields: [String: String] = [:]
    if let a = body.text("a") { fields["a"] = a }
    if let b = body.text("b") { fields["b"] = b }
    if let url = body.text("url") { fields["url"] = url }
    if let e = body.text("e") { fields["e"] = e }
    return Content(secret: text(body.secret), fields: fields)
  }

  @Test func `has its secret first and then a line for each field`() {
    let packed = StoredBody.pack(Secret(copying: "pässword"), ["b": "2", "a": "1"])
    #expect(text(packed) == "pässword\nb=2\na=1\n")
  }

  @Test func `leaves out what has no value`() {
    #expect(text(StoredBody.pack(Secret(copying: "x"), ["a": nil, "b": ""])) == "x\nb=\n")
  }

  @Test func `comes back as it went`() {
    let packed = StoredBody.pack(Secret(copying: "a=b"), ["url": "https://a/?x=y", "e": ""])
    #expect(
      read(text(packed)) == Content(secret: "a=b", fields: ["url": "https://a/?x=y", "e": ""]))
  }

  @Test(arguments: ["secret", "secret\n", "secret\n\n\n"])
  func `may be a secret alone`(_ body: String) {
    #expect(read(body) == Content(secret: "secret", fields: [:]))
  }

  @Test(arguments: ["", "\n", "\na=1\n"])
  func `without a secret is none`(_ body: String) {
    #expect(read(body) == nil)
  }

  @Test func `may lack its last line feed`() {
    #expect(read("x\na=1") == Content(secret: "x", fields: ["a": "1"]))
  }

  @Test func `of a repeated key has the first value`() {
    #expect(read("x\na=1\na=2\n") == Content(secret: "x", fields: ["a": "1"]))
  }

  @Test func `ignores lines that are no fields`() {
    #expect(read("x\n# note\n=1\n\na=1\n") == Content(secret: "x", fields: ["a": "1"]))
  }

  @Test func `is none if its fields are not UTF-8`() {
    var body = Secret(copying: "x\na=")
    body.append(0xFF)
    body.append("\nb=2\n")
    switch StoredBody(body) {
    case nil: break
    case .some: Issue.record("it was read")
    }
  }

  @Test func `keeps a carriage return, which then is no part of any number`() {
    #expect(read("x\r\na=1\r\n") == Content(secret: "x\r", fields: ["a": "1\r"]))
  }

  @Test func `is at most 20 KiB long`() {
    #expect(read(String(repeating: "x", count: 20 * 1024)) != nil)
    #expect(read(String(repeating: "x", count: 20 * 1024 + 1)) == nil)
  }
}

@Suite struct `A stored token` {
  private static let body = """
    abc
    account=anna@domain.com
    expires_on=1767272400
    lifetime=3600
    boot_expiry_ms=7200000
    boot_id=this boot

    """

  private func read(_ body: String) -> String? {
    guard let token = Token(stored: Secret(copying: body)) else { return nil }
    return text(token.stored())
  }

  @Test func `is plain text`() {
    #expect(text(Token.issued("abc").stored()) == Self.body)
  }

  @Test func `comes back whole`() {
    #expect(read(Self.body) == Self.body)
  }

  @Test func `keeps the milliseconds of the boot clock and drops those of the wall clock`() {
    let moment = noon.later(999)
    let expiry = Token(stored: Token.issued("abc", at: moment).stored())?.expiry
    #expect(
      expiry == Moment(wall: noon.wall + hour, boot: noon.boot + hour + 999, bootID: "this boot"))
  }

  @Test func `of 16 KiB comes back whole`() {
    let long = String(repeating: "x", count: Token.longest)
    let name = String(repeating: "n", count: 254)
    let stored = text(Token.issued(long, to: .named(name)).stored())
    #expect(read(stored) == stored)
  }

  @Test func `may have more fields than we know`() {
    #expect(read(Self.body + "refresh=later\nnote\n") == Self.body)
  }

  @Test func `without a boot id in words is judged by the wall clock`() {
    let body = Self.body.replacing("this boot", with: "")
    #expect(read(body) == body)
  }

  @Test(arguments: ["account", "expires_on", "lifetime", "boot_expiry_ms", "boot_id"])
  func `without one of its parts is none`(_ key: String) {
    #expect(read(Self.body.replacing("\(key)=", with: "x-\(key)=")) == nil)
  }

  @Test(arguments: [
    ("expires_on=1767272400", "expires_on=-1"),
    ("expires_on=1767272400", "expires_on=253402300800"),
    ("expires_on=1767272400", "expires_on=1e9"), ("expires_on=1767272400", "expires_on="),
    ("expires_on=1767272400", "expires_on=9223372036854775808"), ("lifetime=3600", "lifetime=0"),
    ("lifetime=3600", "lifetime=-1"), ("lifetime=3600", "lifetime=31622401"),
    ("lifetime=3600", "lifetime=3600\r"), ("lifetime=3600", "lifetime= 3600"),
    ("boot_expiry_ms=7200000", "boot_expiry_ms=-1"),
    ("boot_expiry_ms=7200000", "boot_expiry_ms=9223372036854775807"), ("abc\n", "\n"),
    ("abc\n", "a c\n"), ("abc\n", "abc\r\n"), ("abc\n", "===\n"),
  ])
  func `that is impossible is none`(_ part: String, _ other: String) {
    #expect(read(Self.body.replacing(part, with: other)) == nil)
  }

  @Test func `cut off anywhere before its boot id is none`() {
    let whole = Array(Self.body.utf8)
    let end = whole.count - "this boot\n".utf8.count
    for length in 0..<end {
      let cut = String(decoding: whole[..<length], as: UTF8.self)
      #expect(read(cut) == nil, "after \(length) bytes")
    }
  }
}
