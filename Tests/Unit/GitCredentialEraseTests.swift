import MetiToken
import Testing

@Suite struct GitCredentialEraseTests {
  struct Erase: Sendable {
    let secrets: String
    let forgets: Bool
  }

  @Test(arguments: [
    Erase(secrets: "", forgets: true),
    Erase(secrets: "password=t0ken\n", forgets: true),
    Erase(secrets: "credential=t0ken\nauthtype=Bearer\n", forgets: true),
    Erase(secrets: "password=t0ken\ncredential=t0ken\n", forgets: true),
    Erase(secrets: "password=older\ncredential=t0ken\n", forgets: true),
    Erase(secrets: "password=older\n", forgets: false),
    Erase(secrets: "credential=older\n", forgets: false),
    Erase(secrets: "password=t0keN\n", forgets: false),
    Erase(secrets: "password=t0ke\n", forgets: false),
    Erase(secrets: "password=t0ken2\n", forgets: false),
    Erase(secrets: "password=\n", forgets: false),
    Erase(secrets: "password=older\nstate[]=meti:t0ken\n", forgets: false),
  ])
  func `a token is forgotten if no secret came or exactly that token`(erase: Erase) throws {
    let text = "protocol=https\nhost=api.meti.millpont.com\n\(erase.secrets)"
    #expect(try forgets(text) == erase.forgets)
  }

  @Test(arguments: [
    "protocol=https\npassword=t0ken\n", "host=api.meti.millpont.com\npassword=t0ken\n", "", "\n",
  ])
  func `nothing is forgotten without a protocol and a host`(text: String) throws {
    #expect(try forgets(text) == false)
  }

  private func forgets(_ text: String) throws -> Bool {
    try GitCredentialRequest(text).asksToForget(Secret(copying: "t0ken"))
  }
}
