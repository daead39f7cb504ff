import MetiToken
import Testing

@testable import TokenEndpoint

@Suite struct `An answer that can be used` {
  @Test func `is METI's own`() {
    #expect(
      reading(#"{"token": "eyJ.a-b_c~d+e/f==", "expires_in": 3600}"#)
        == .success(Issued(token: "eyJ.a-b_c~d+e/f==", lifetime: 3600)))
  }

  @Test func `is that of RFC 6749`() {
    let body = """
      {"access_token":"abc","token_type":"Bearer","expires_in":86400,"scope":"read:sources"}
      """
    #expect(reading(body) == .success(Issued(token: "abc", lifetime: 86400)))
  }

  @Test func `has its token under the first name where it has both`() {
    #expect(
      reading(#"{"access_token":"second","token":"first","expires_in":60}"#)
        == .success(Issued(token: "first", lifetime: 60)))
  }

  @Test func `has its token under the second name where the first is null`() {
    #expect(
      reading(#"{"access_token":"second","token":null,"expires_in":60}"#)
        == .success(Issued(token: "second", lifetime: 60)))
  }

  @Test(
    arguments: [
      ("3600", 3600), ("3600.0", 3600), ("59.9", 59), ("1", 1), ("1e3", 1000), (#""3600""#, 3600),
      (#""90.5""#, 90), ("31622400", 31_622_400), ("31622400.5", 31_622_400), ("null", 300),
    ] as [(String, Int64)])
  func `says its lifetime in many ways`(_ written: String, _ lifetime: Int64) {
    #expect(
      reading(#"{"token":"abc","expires_in":\#(written)}"#)
        == .success(Issued(token: "abc", lifetime: lifetime)))
  }

  @Test func `need not say its lifetime`() {
    #expect(reading(#"{"token":"abc"}"#) == .success(Issued(token: "abc", lifetime: 300)))
  }

  @Test(arguments: ["Bearer", "bearer", "BEARER"])
  func `may name the type of the token in any case`(_ type: String) {
    #expect(
      reading(#"{"token":"abc","token_type":"\#(type)"}"#)
        == .success(Issued(token: "abc", lifetime: 300)))
  }

  @Test func `may have white space around it`() {
    #expect(
      reading(" \r\n\t{\"token\":\"abc\"}\n\n") == .success(Issued(token: "abc", lifetime: 300)))
  }

  @Test func `may have escapes in its token`() {
    #expect(
      reading(#"{"token":"\u0061b\/c"}"#) == .success(Issued(token: "ab/c", lifetime: 300)))
  }

  @Test func `may have the longest token there is`() {
    let token = String(repeating: "a", count: 16 * 1024)
    #expect(reading(#"{"token":"\#(token)"}"#) == .success(Issued(token: token, lifetime: 300)))
  }
}

@Suite struct `An answer that cannot be used` {
  @Test(arguments: ["", " \r\n"])
  func `is empty`(_ body: String) {
    #expect(flaw(body) == "METI's answer is empty")
  }

  @Test func `is a web page`() {
    #expect(
      flaw("\n<!DOCTYPE html><title>Log in</title>")
        == "METI answered with HTML instead of JSON, as a captive portal or a login page would")
  }

  @Test(arguments: ["[]", "null", "3", #""abc""#, "token", "\u{1F}\u{8B}", #"[{"token":"abc"}]"#])
  func `is no object`(_ body: String) {
    #expect(flaw(body) == "METI's answer is not a JSON object")
  }

  @Test(arguments: [
    "{{}", #"{"token":"ab"#, #"{"token"}"#, #"{"token":"abc"}}"#, #"{token:"abc"}"#,
    "{\"token\":" + String(repeating: "[", count: 5000) + "}",
  ])
  func `is damaged`(_ body: String) {
    #expect(flaw(body) == "METI's answer is not JSON, or damaged")
  }

  @Test(arguments: ["{}", #"{"token":null}"#, #"{"Token":"abc"}"#, #"{"error":"invalid_client"}"#])
  func `has no token`(_ body: String) {
    #expect(flaw(body) == "METI's answer has no token")
  }

  @Test(arguments: ["1", "true", "{}", #"["abc"]"#, "\"a\nb\""])
  func `has a token that is no string`(_ token: String) {
    #expect(
      flaw(#"{"token":\#(token),"access_token":"abc"}"#) == "METI's answer has no token")
  }

  @Test func `has an empty token`() {
    #expect(
      flaw(#"{"token":""}"#) == "the token in METI's answer is empty, too long or no bearer token")
  }

  @Test(arguments: ["a b", #"a\nb"#, #"a\u0000b"#, #"a\"b"#, "ä", "a=b", "==", #"a\r\nX: y"#])
  func `has a token that no header can carry`(_ token: String) {
    #expect(
      flaw(#"{"token":"\#(token)"}"#)
        == "the token in METI's answer is empty, too long or no bearer token")
  }

  @Test func `has a token that is too long`() {
    let token = String(repeating: "a", count: 16 * 1024 + 1)
    #expect(
      flaw(#"{"token":"\#(token)"}"#)
        == "the token in METI's answer is empty, too long or no bearer token")
  }

  @Test(arguments: [#""mac""#, #""""#, #""Bearer ""#, "1", "{}"])
  func `has a token of another type`(_ type: String) {
    #expect(
      flaw(#"{"token":"abc","token_type":\#(type)}"#)
        == "the token in METI's answer is not a bearer token")
  }

  @Test(arguments: ["0", "-1", "0.9", "-0.0", #""0""#, #""-3600""#, "-1e300"])
  func `has a token that is over already`(_ written: String) {
    #expect(
      flaw(#"{"token":"abc","expires_in":\#(written)}"#)
        == "expires_in in METI's answer is not a number of seconds up to a year")
  }

  @Test(arguments: ["31622401", "1e300", "9223372036854775808", #""99999999999999999999""#])
  func `has a token that lives too long`(_ written: String) {
    #expect(
      flaw(#"{"token":"abc","expires_in":\#(written)}"#)
        == "expires_in in METI's answer is not a number of seconds up to a year")
  }

  @Test(arguments: [
    "true", "[]", "{}", #""""#, #""soon""#, #""nan""#, #""inf""#, #""0x10""#, #"" 60""#, #""1h""#,
  ])
  func `has a lifetime that is no number`(_ written: String) {
    #expect(
      flaw(#"{"token":"abc","expires_in":\#(written)}"#)
        == "expires_in in METI's answer is not a number of seconds up to a year")
  }

  @Test func `is damaged where bytes are not UTF-8`() {
    var body = Secret(copying: #"{"token":"ab"#)
    body.append(0xFF)
    body.append(#"","expires_in":60}"#)
    #expect(throws: IssuerError.self) { _ = try TokenResponse.parse(body, date: nil) }
  }
}

@Suite struct `Without expires_in` {
  @Test func `a JWT says how long it lives`() {
    let token = webToken(#"{"sub":"a","iat":1700000000,"exp":1700007200}"#)
    #expect(reading(#"{"token":"\#(token)"}"#) == .success(Issued(token: token, lifetime: 7200)))
  }

  @Test(arguments: [
    (#"{"iat":1700000000.5,"exp":1700007200.5}"#, 7200),
    (#"{"iat":1700000000.5,"exp":1700007200}"#, 7199),
    (#"{"iat":1700000000,"exp":1700000001.9}"#, 1), (#"{"iat":1.7e9,"exp":1.7000072E9}"#, 7200),
  ])
  func `a JWT may say so with fractions, which are dropped`(_ payload: String, lifetime: Int64) {
    let token = webToken(payload)
    #expect(
      reading(#"{"token":"\#(token)"}"#) == .success(Issued(token: token, lifetime: lifetime)))
  }

  @Test(arguments: [
    #"{"exp":1700007200}"#, #"{"iat":1700007200}"#, #"{"iat":1700007200,"exp":1700007200}"#,
    #"{"iat":1700007200,"exp":1700000000}"#, #"{"iat":0,"exp":1700000000}"#,
    #"{"iat":-9223372036854775808,"exp":9223372036854775807}"#,
    #"{"iat":1700000000.9,"exp":1700000001.8}"#, #"{"iat":-1e308,"exp":1e308}"#,
    #"{"iat":0,"exp":1e19}"#, #"{"iat":0,"exp":1e400}"#, #"{"iat":0,"exp":-1e400}"#,
    #"{"iat":"1","exp":"3"}"#,
    #"{"iat":1.5,"exp":"#, "", "[]",
  ])
  func `a JWT that does not say sensibly is taken for short-lived`(_ payload: String) {
    let token = webToken(payload)
    #expect(reading(#"{"token":"\#(token)"}"#) == .success(Issued(token: token, lifetime: 300)))
  }

  @Test(arguments: ["a.b", "a.b.c", "a.b.c.d", "..", "a.eyJpYXQiOjEsImV4cCI6OTl9+.c"])
  func `what only looks like a JWT is taken for short-lived`(_ token: String) {
    #expect(reading(#"{"token":"\#(token)"}"#) == .success(Issued(token: token, lifetime: 300)))
  }

  @Test func `what the answer says counts before what the JWT says`() {
    let token = webToken(#"{"iat":1700000000,"exp":1700007200}"#)
    #expect(
      reading(#"{"token":"\#(token)","expires_in":60}"#)
        == .success(Issued(token: token, lifetime: 60)))
  }
}
