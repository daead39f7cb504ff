import Foundation
import Glibc
import Testing

@Suite("The mock of METI", .manyAtOnce)
struct MockMETITests {
  let curl = Program("curl")

  func post(
    _ server: METIServer, _ options: String..., password: String = METIServer.password
  ) throws -> Outcome {
    let json = #"{"email": "\#(METIServer.email)", "password": "\#(password)"}"#
    return try curl.run(
      options + [
        "-sS", "--max-time", "5", "--cacert", server.environment["METI_CA_FILE"] ?? "",
        "-H", "Content-Type: application/json", "--data-binary", "@-", server.url + "/token",
      ], input: .text(json))
  }

  @Test func `it issues tokens and asks for them`() throws {
    let server = try METIServer()
    let outcome = try post(server)
    let token = try #require(server.meti.lastToken)
    #expect(outcome.out == #"{"expires_in":3600,"token":"\#(token)"}"#)
    let get = { (token: String) in
      try curl.run([
        "-sS", "--cacert", server.environment["METI_CA_FILE"] ?? "", "-w", "%{http_code}",
        "-o", "/dev/null", "-H", "Authorization: Bearer \(token)", server.url + "/sources",
      ]).out
    }
    #expect(try get(token) == "200")
    #expect(try get("x" + token) == "401")
    server.meti.revoke(token)
    #expect(try get(token) == "401")
    #expect(server.meti.tokenPosts == 1)
    #expect(server.meti.requests.map(\.path) == ["/token", "/sources", "/sources", "/sources"])
    #expect(server.meti.requests[1].authorization == "Bearer \(token)")
  }

  @Test func `it rejects a wrong password`() throws {
    let outcome = try post(METIServer(), password: "wrong")
    #expect(outcome.out == #"{"error":"invalid e-mail or password"}"#)
  }

  @Test(arguments: [METIServer.Identity.wrongHost, .expired, .unknown])
  func `curl refuses a bad certificate`(identity: METIServer.Identity) throws {
    let server = try METIServer(identity)
    let outcome = try post(server)
    #expect(outcome.status == .exit(60))
    #expect(server.meti.requests == [])
  }

  @Test func `it answers as scripted, and then as always`() throws {
    let server = try METIServer(.plain, lifetime: 30)
    server.meti.answerNext(
      .status(503, headers: [("Retry-After", "1")]), .close, .truncated, .raw([0, 1, 2, 10]))
    #expect(try post(server).out == #"{"error":"scripted"}"#)
    #expect(try (1...3).map { _ in try post(server).status } == [.exit(52), .exit(18), .exit(1)])
    server.meti.style = .loose
    let answer = try post(server).out
    #expect(answer.contains(#""expires_in":"30""#))
    #expect(answer.contains(#""access_token":"#))
  }

  @Test func `it counts requests that wait together`() throws {
    let server = try METIServer(.plain)
    server.meti.defaultAnswer = .held(then: .issue)
    let arguments = [
      "-sS", "-H", "Content-Type: application/json", "-d", "{}", server.url + "/token",
    ]
    let children = try (0..<4).map { _ in try curl.start(arguments) }
    #expect(becomesTrue { server.meti.peakTokenPosts == 4 })
    server.meti.release()
    #expect(children.allSatisfy { $0.wait().status == .exit(0) })
    #expect(server.meti.tokenPosts == 4)
    #expect(server.meti.peakTokenPosts == 4)
  }

  @Test func `it fails by its seed, and keeps a journal`() throws {
    let names = try (0..<2).map { _ in
      let server = try METIServer(.plain)
      server.meti.faults = .init(seed: 7, percent: 50)
      let arguments = [
        "-sS", "--max-time", "2", "-d", #"{"email":"a@b.c"}"#, server.url + "/token",
      ]
      let children = try (0..<32).map { _ in try curl.start(arguments) }
      for child in children { _ = child.wait() }
      #expect(server.meti.journal.allSatisfy { $0.account == "a@b.c" && $0.token == nil })
      return server.meti.journal.map(\.answer)
    }
    // On a busy machine curl may give up before it has sent anything.
    #expect(zip(names[0], names[1]).allSatisfy(==))
    for names in names { #expect((1..<names.count).contains(names.count { $0 == "issue" })) }
  }

  @Test func `the journal says what was issued to whom`() throws {
    let server = try METIServer(lifetime: 30)
    _ = try post(server)
    _ = try post(server, password: "wrong")
    server.meti.forgetRequests()
    let journal = server.meti.journal
    #expect(journal.map(\.token) == [server.meti.lastToken, nil])
    #expect(journal.map(\.lifetime) == [30, nil])
    #expect(journal.allSatisfy { $0.ended ?? 0 >= $0.received && $0.account == METIServer.email })
  }

  @Test func `it refuses connections while it does not listen`() throws {
    let server = try METIServer(.plain)
    let isRefused = { try curl.run(["-sS", server.url + "/sources"]).status == .exit(7) }
    server.meti.stopListening()
    #expect(try isRefused())
    server.meti.startListening()
    #expect(try !isRefused())
  }

  @Test func `shell scripts can steer it, and it ends with them`() throws {
    let directory = try TemporaryDirectory()
    let password = try directory.write("secret\n", to: "password")
    let program = try Program.mockMETI.start(
      ["--plain-http", "--email", "a@b.c", "--password-file", password], input: .open)
    #expect(try program.line().hasPrefix("ready http://127.0.0.1:"))
    program.send("posts\nnext status 503 7\nlifetime 5\nwhat\n")
    #expect(
      try (1...4).map { _ in try program.line() } == [
        "0", "ok", "ok", "error: unknown command: what",
      ])
    program.closeInput()
    #expect(program.wait(timeout: .seconds(5)).status == .exit(0))
  }

  // MARK: Answers

  @Test func `a compressed answer has a token, and a bomb too`() throws {
    let server = try METIServer(.plain)
    server.meti.answerNext(.compressed(.issue), .gzipBomb(bytes: 1_000_000))
    let answer = try post(server, "--compressed").out
    #expect(answer == #"{"expires_in":3600,"token":"\#(try #require(server.meti.lastToken))"}"#)
    #expect(try post(server, "--compressed").stdout.count == 1_000_000)
  }

  @Test func `a byte order mark comes before the JSON`() throws {
    let server = try METIServer(.plain)
    server.meti.answerNext(.byteOrderMark(.issue))
    #expect(try post(server).stdout.starts(with: [0xEF, 0xBB, 0xBF, UInt8(ascii: "{")]))
  }

  @Test func `an answer may be dated to another time`() throws {
    let server = try METIServer(.plain)
    let date = /Date: (.*) \d\d:\d\d:\d\d GMT/
    let today = try #require(post(server, "-i").out.firstMatch(of: date)).1
    server.meti.answerNext(.dated(seconds: 400 * 86400, .issue))
    #expect(try #require(post(server, "-i").out.firstMatch(of: date)).1 != today)
  }

  @Test func `header fields have the time in all forms`() throws {
    let server = try METIServer(.plain)
    let headers = ["imf", "rfc850", "asctime", "epoch"].map { ("X-\($0)", "{\($0):60}") }
    server.meti.answerNext(.status(503, headers: headers + [("Retry-After", "1.5")]))
    let head = try post(server, "-i").out
    for pattern in [
      #"X-imf: \w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT\r\n"#,
      #"X-rfc850: \w+day, \d\d-\w{3}-\d\d \d\d:\d\d:\d\d GMT\r\n"#,
      #"X-asctime: \w{3} \w{3} [ \d]\d \d\d:\d\d:\d\d \d{4}\r\n"#,
      #"X-epoch: \d{10}\r\n"#, #"Retry-After: 1\.5\r\n"#,
    ] {
      let regex = try Regex(pattern, as: AnyRegexOutput.self)
      #expect(head.firstMatch(of: regex) != nil, "\(pattern)")
    }
  }

  @Test func `a token may expire sooner than its answer says`() throws {
    struct Claims: Decodable {
      let iat: Int
      let exp: Int
    }
    let server = try METIServer(.plain)
    server.meti.answerNext(.issueExpiring(seconds: 5))
    #expect(try post(server).out.hasPrefix(#"{"expires_in":3600,"#))
    let parts = try #require(server.meti.lastToken).split(separator: ".")
    var payload = parts[1].map { $0 == "-" ? "+" : $0 == "_" ? "/" : String($0) }.joined()
    while payload.count % 4 != 0 { payload += "=" }
    let claims = try JSONDecoder().decode(
      Claims.self, from: try #require(Data(base64Encoded: payload)))
    #expect(claims.exp - claims.iat == 5)
  }

  @Test func `fields of an answer may be replaced and removed`() throws {
    let server = try METIServer(.plain)
    server.meti.answerNext(.issueWith(fields: #"{"expires_in":1.5,"token":null,"a":"b"}"#))
    #expect(try post(server).out == #"{"a":"b","expires_in":1.5}"#)
  }

  @Test func `gateways and authorization servers refuse in their own ways`() throws {
    let server = try METIServer(.plain)
    server.meti.answerNext(
      .message(403, "Forbidden"), .oauth(400, error: "slow_down"),
      .html(401, headers: [("WWW-Authenticate", "Basic")]))
    #expect(try post(server).out == #"{"message":"Forbidden"}"#)
    #expect(try post(server).out == #"{"error":"slow_down","error_description":"As scripted"}"#)
    let page = try post(server, "-i").out
    #expect(page.hasPrefix("HTTP/1.1 401 Unauthorized\r\n"))
    #expect(page.contains("Content-Type: text/html; charset=utf-8\r\nWWW-Authenticate: Basic\r\n"))
    #expect(page.contains("\r\n\r\n<!DOCTYPE html>"))
  }

  /// curl's 18 is a body that is cut off, and 56 a connection that is reset.
  @Test func `an answer may be cut anywhere, with FIN or RST`() throws {
    let server = try METIServer(.plain)
    server.meti.answerNext(
      .cut(bytes: 200, .issue, end: .close), .cut(bytes: 200, .issue, end: .reset), .reset)
    #expect(try (1...3).map { _ in try post(server).status } == [.exit(18), .exit(56), .exit(56)])
  }

  // MARK: Outages

  /// curl's 22 is a status that means failure, 28 its own timeout, 52 an empty reply, and 35 a TLS
  /// handshake that fails.
  @Test func `in an outage every request fails, and none after it`() throws {
    let server = try METIServer()
    func statuses() throws -> [Outcome.Status] {
      try ["/token", "/sources"].map { path in
        try curl.run([
          "-sS", "--fail", "--max-time", "1", "--cacert", server.environment["METI_CA_FILE"] ?? "",
          "-d", "{}", server.url + path,
        ]).status
      }
    }
    let outages: [(Answer, Int32)] = [
      (.status(503), 22), (.silence, 28), (.close, 52), (.drop, 35), (.hang, 28),
    ]
    for (answer, status) in outages {
      server.meti.beginOutage(answer, seconds: 60)
      #expect(try statuses() == [.exit(status), .exit(status)], "\(answer)")
    }
    server.meti.endOutage()
    #expect(try post(server).out.contains("token"))
    server.meti.beginOutage(.status(503), seconds: 0.2)
    usleep(250_000)
    #expect(try post(server).out.contains("token"))
  }
}
