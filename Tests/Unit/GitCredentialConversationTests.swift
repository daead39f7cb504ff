import MetiToken
import Testing

/// What callers really send, byte for byte, and what they get back.
@Suite struct GitCredentialConversationTests {
  static let token = "eyJhbGciOi.J9-_~+/x=="
  static let username = "name@domain.com"
  static let expiry: Int64 = 1_795_453_200

  static let bearer = """
    capability[]=authtype
    authtype=Bearer
    credential=eyJhbGciOi.J9-_~+/x==
    ephemeral=1
    password_expiry_utc=1795453200

    """
  static let password = """
    username=name@domain.com
    password=eyJhbGciOi.J9-_~+/x==
    password_expiry_utc=1795453200

    """
  static let nothing = ""

  struct Conversation: Sendable, CustomTestStringConvertible {
    let caller: String
    let sent: String
    let answered: String
    var testDescription: String { caller }
  }

  static let conversations = [
    Conversation(
      caller: "git 2.39 closes stdin after the last line",
      sent: "protocol=https\nhost=api.meti.millpont.com\n",
      answered: password),
    Conversation(
      caller: "git 2.39 with a username and a path",
      sent: "protocol=https\nhost=api.meti.millpont.com\npath=sources\nusername=name@domain.com\n",
      answered: password),
    Conversation(
      caller: "git 2.41 began to send wwwauth[]",
      sent: """
        protocol=https
        host=api.meti.millpont.com
        wwwauth[]=Bearer realm="meti"
        wwwauth[]=Basic realm="a = b"

        """,
      answered: password),
    Conversation(
      caller: "git 2.55 with its capabilities and a challenge",
      sent: """
        capability[]=authtype
        capability[]=state
        protocol=https
        host=api.meti.millpont.com
        wwwauth[]=Bearer realm="meti"

        """,
      answered: bearer),
    Conversation(
      caller: "git 2.55 in a second round",
      sent: """
        capability[]=authtype
        capability[]=state
        authtype=Bearer
        protocol=https
        host=api.meti.millpont.com
        state[]=osxkeychain:seen=1
        state[]=meti:x

        """,
      answered: bearer),
    Conversation(
      caller: "git-lfs, which writes a map in any order and ends with a blank line",
      sent: """
        path=info/lfs
        host=api.meti.millpont.com
        protocol=https
        username=name@domain.com


        """,
      answered: password),
    Conversation(
      caller: "git-lfs with its capabilities last",
      sent: """
        host=api.meti.millpont.com
        protocol=https
        capability[]=state
        capability[]=authtype


        """,
      answered: bearer),
    Conversation(
      caller: "a caller on Windows",
      sent: "protocol=https\r\nhost=api.meti.millpont.com\r\n\r\nhost=evil.example\r\n",
      answered: password),
    Conversation(
      caller: "a caller that has a URL",
      sent: "url=https://name%40domain.com@api.meti.millpont.com:443/sources/?id=1\n\n",
      answered: password),
    Conversation(
      caller: "a caller that takes its capabilities back",
      sent: "capability[]=authtype\ncapability[]=\nprotocol=https\nhost=api.meti.millpont.com\n",
      answered: password),
    Conversation(
      caller: "a caller from the future",
      sent: """
        capability[]=teleport
        destination=moon
        destination=mars
        protocol=https
        host=api.meti.millpont.com

        """,
      answered: password),
    Conversation(
      caller: "a last line without a line feed",
      sent: "protocol=https\nhost=api.meti.millpont.com",
      answered: password),
    Conversation(
      caller: "another host", sent: "protocol=https\nhost=github.com\n", answered: nothing),
    Conversation(
      caller: "another username",
      sent: "protocol=https\nhost=api.meti.millpont.com\nusername=other@domain.com\n",
      answered: nothing),
    Conversation(
      caller: "an empty username",
      sent: "protocol=https\nhost=api.meti.millpont.com\nusername=\n", answered: nothing),
    Conversation(
      caller: "plain http", sent: "protocol=http\nhost=api.meti.millpont.com\n", answered: nothing),
    Conversation(
      caller: "no protocol (CVE-2020-11008)", sent: "host=api.meti.millpont.com\n",
      answered: nothing),
    Conversation(
      caller: "no host (CVE-2020-11008)", sent: "protocol=https\n", answered: nothing),
    Conversation(caller: "an empty request", sent: "\n", answered: nothing),
    Conversation(caller: "no request", sent: "", answered: nothing),
  ]

  @Test(arguments: conversations)
  func `a caller is answered in the form it understands`(conversation: Conversation) throws {
    #expect(try Self.answer(to: conversation.sent) == conversation.answered)
  }

  static func answer(to text: String) throws -> String {
    let request = try GitCredentialRequest(text)
    guard let selector = request.selector(at: .standard), selector.allows(username) else {
      return nothing
    }
    let token = Token.ending(token, of: username, at: expiry)
    let answer = GitCredentialAnswer.get(token, for: request, at: noon)
    return answer?.withBytes { $0.text } ?? "not written"
  }
}
