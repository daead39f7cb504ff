import MetiToken
import Testing

@testable import TokenEndpoint

@Suite struct `Whose token it is` {
  private func owner(_ payload: String) -> [String: String]? {
    WebToken(Secret(copying: webToken(payload)))?.owner
  }

  @Test func `is what METI's claims and the subject say`() {
    let claims = """
      {"sub":"client","iat":1,"https://api.meti.millpont.com/account_id":"acc_1",
       "https://api.meti.millpont.com/role":"custodian",
       "https://api.meti.millpont.com/client_name":"Grüne Äcker"}
      """
    #expect(
      owner(claims)
        == [
          "sub": "client", "account_id": "acc_1", "role": "custodian", "client_name": "Grüne Äcker",
        ])
  }

  @Test(arguments: ["{}", #"{"sub":""}"#, #"{"sub":1}"#, #"{"role":"a"}"#, "[]", "", "null"])
  func `is nobody where nobody is named`(_ payload: String) {
    #expect(owner(payload) == nil)
  }

  @Test(arguments: ["opaque", "a.b", "a.b.c.d", ".."])
  func `is not said by what is no JWT`(_ token: String) {
    #expect(WebToken(Secret(copying: token))?.owner == nil)
  }

  @Test(arguments: [
    #"a\u001b[31mb"#, #"a\nb"#, #"a\u202eb"#, #"a\u2028b"#, String(repeating: "a", count: 257),
  ])
  func `is not told in what would steer a terminal or fill it`(_ value: String) {
    let claims = #"{"sub":"\#(value)","https://api.meti.millpont.com/role":"custodian"}"#
    #expect(owner(claims) == ["role": "custodian"])
  }
}
