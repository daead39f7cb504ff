import Foundation
import MetiToken
import System
import Testing

@testable import TokenEndpoint

/// What becomes of a request to a server that sends these bytes.
private func outcome(
  _ server: ScriptedServer, milliseconds: Int64 = 10_000, connectLimit: Int64 = 10_000,
  scheme: String = "http", caFile: String? = nil
) throws -> Result<Issued, IssuerError> {
  let api = try APIURL("\(scheme)://127.0.0.1:\(server.port)")
  let endpoint = TokenEndpoint(clock: SystemClock(), caFile: caFile) { _ in }
  do throws(IssuerError) {
    let issued = try endpoint.issue(
      for: Credential(
        account: try! Account(name: "a@b.c", api: api), secret: Secret(copying: "hunter2")),
      until: Deadline(milliseconds, from: SystemClock().now()), connectLimit: connectLimit)
    return .success(Issued(token: text(issued.secret), lifetime: issued.lifetime))
  } catch {
    return .failure(error)
  }
}

private func outcome(_ answer: String) throws -> Result<Issued, IssuerError> {
  let server = ScriptedServer(answer)
  defer { server.stop() }
  return try outcome(server)
}

private func gzipped(_ bytes: Data) throws -> [UInt8] {
  let gzip = Foundation.Process()
  let (input, output) = (Foundation.Pipe(), Foundation.Pipe())
  gzip.executableURL = URL(filePath: "/usr/bin/gzip")
  gzip.standardInput = input
  gzip.standardOutput = output
  try gzip.run()
  // Written by a thread of its own, as gzip waits when nobody reads.
  DispatchQueue.global().async {
    try? input.fileHandleForWriting.write(contentsOf: bytes)
    try? input.fileHandleForWriting.close()
  }
  let compressed = try output.fileHandleForReading.readToEnd() ?? Data()
  gzip.waitUntilExit()
  return Array(compressed)
}

private let body = #"{"token":"abc","expires_in":60}"#
private let good = Result<Issued, IssuerError>.success(Issued(token: "abc", lifetime: 60))

@Suite struct `A request over the wire` {
  @Test func `sends this and nothing else`() throws {
    let server = ScriptedServer(
      "HTTP/1.1 200 OK\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)")
    defer { server.stop() }
    #expect(try outcome(server) == good)
    #expect(
      server.requests == [
        """
        POST /token HTTP/1.1\r
        Host: 127.0.0.1:\(server.port)\r
        User-Agent: meti-token/\(Version.text)\r
        Accept-Encoding: identity\r
        Content-Type: application/json\r
        Accept: application/json\r
        Content-Length: 38\r
        \r
        {"email":"a@b.c","password":"hunter2"}
        """
      ])
  }

  static let answers = [
    "HTTP/1.1 200 OK\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1f\r\n\(body)\r\n0\r\n\r\n",
    "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 200 OK\r\n\r\n\(body)",
  ]

  @Test(arguments: answers)
  func `whose answer is cut off at any byte may be retried`(_ answer: String) throws {
    let bytes = Array(answer.utf8)
    for count in bytes.indices {
      let server = ScriptedServer(Array(bytes[..<count]))
      defer { server.stop() }
      let outcome = try outcome(server)
      if case .failure(.unavailable(_, _, _, isTransient: true)) = outcome { continue }
      // The last chunk says that the body is whole.
      if outcome == good, count >= bytes.count - 4 { continue }
      Issue.record("after \(count) bytes: \(outcome)")
    }
    #expect(try outcome(answer) == good)
  }

  @Test(arguments: [400, 401, 403])
  func `whose rejection is cut off may be retried`(_ status: Int) throws {
    let answer = "HTTP/1.1 \(status) No\r\nContent-Length: 99\r\n\r\n{\"error\":\"invalid_grant\"}"
    guard case .failure(.unavailable(_, _, _, let isTransient)) = try outcome(answer) else {
      Issue.record("it counts as a rejection")
      return
    }
    #expect(isTransient)
  }

  @Test func `keeps Retry-After of an answer that is cut off`() throws {
    let answer = "HTTP/1.1 503 No\r\nRetry-After: 7\r\nContent-Length: 99\r\n\r\n"
    #expect(
      try outcome(answer)
        == .failure(.unavailable("METI is in trouble (HTTP 503)", retryAfter: 7)))
  }

  @Test func `reads a compressed answer that it did not ask for`() throws {
    let compressed = try gzipped(Data(body.utf8))
    let head =
      "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: \(compressed.count)\r\n\r\n"
    let server = ScriptedServer(Array(head.utf8) + compressed)
    defer { server.stop() }
    #expect(try outcome(server) == good)
  }

  @Test func `reads no more than 64 KiB of a compressed answer`() throws {
    let compressed = try gzipped(Data(repeating: 0x20, count: 20 << 20))
    let head =
      "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: \(compressed.count)\r\n\r\n"
    let server = ScriptedServer(Array(head.utf8) + compressed)
    defer { server.stop() }
    #expect(
      try outcome(server) == .failure(.unusable(reason: "METI's answer is larger than 64 KiB")))
  }

  @Test func `reads no more than 64 KiB of headers`() throws {
    let line = "X: " + String(repeating: "x", count: 1000) + "\r\n"
    #expect(
      try outcome("HTTP/1.1 200 OK\r\n" + String(repeating: line, count: 70))
        == .failure(.unusable(reason: "the headers in METI's answer are larger than 64 KiB")))
  }

  @Test(arguments: [
    "SSH-2.0-canary\r\n", "HTTP/1.1 OK 200 canary\r\n\r\n", "HTTP/7.7 200 OK\r\n\r\n",
  ])
  func `does not retry an answer that is not HTTP, and does not show it`(_ answer: String) throws {
    guard case .failure(.unusable(let reason)) = try outcome(answer) else {
      Issue.record("it is something else")
      return
    }
    #expect(reason.hasPrefix("the answer of http://127.0.0.1:"))
    #expect(!reason.contains("canary"))
  }

  @Test func `ends with the caller's time if the server says nothing`() throws {
    let server = ScriptedServer(nil as [UInt8]?)
    defer { server.stop() }
    let start = SystemClock().now().boot
    guard case .failure(.outOfTime(let reason, _)) = try outcome(server, milliseconds: 200) else {
      Issue.record("it ends otherwise")
      return
    }
    #expect(reason == "cannot reach http://127.0.0.1:\(server.port): no answer in time")
    #expect((200..<2000).contains(SystemClock().now().boot - start))
  }

  @Test func `to a closed port says so`() throws {
    let server = ScriptedServer("")
    server.stop()
    guard case .failure(.unavailable(let reason, _, _, let isTransient)) = try outcome(server)
    else {
      Issue.record("it succeeds")
      return
    }
    #expect(reason == "cannot reach http://127.0.0.1:\(server.port): Connection refused")
    #expect(isTransient)
  }

  @Test(arguments: ["", "hello", "-----BEGIN CERTIFICATE-----\nMIIB*\n-----END CERTIFICATE-----\n"])
  func `with a bad CA file names the file`(_ text: String) throws {
    let path = FileManager.default.temporaryDirectory.appending(path: "meti-\(UUID().uuidString)")
      .path
    defer { try? FileManager.default.removeItem(atPath: path) }
    try Data(text.utf8).write(to: URL(filePath: path))
    let server = ScriptedServer("")
    defer { server.stop() }
    guard
      case .failure(.unavailable(let reason, _, _, let isTransient)) = try outcome(
        server, scheme: "https", caFile: path)
    else {
      Issue.record("it is trusted")
      return
    }
    #expect(reason == "cannot read CA certificates from \(path)")
    #expect(!isTransient)
  }
}

@Suite struct `A probe` {
  @Test func `tells status and clock of a server, whatever it answers`() throws {
    let server = ScriptedServer("HTTP/1.1 404 No\r\nDate: Tue, 19 Jan 2038 03:14:08 GMT\r\n\r\n")
    defer { server.stop() }
    let api = try APIURL("http://127.0.0.1:\(server.port)")
    let clock = SystemClock()
    let probe = try TokenEndpoint(clock: clock, caFile: nil) { _ in }
      .probe(api.text, on: api, until: Deadline(10_000, from: clock.now()))
    #expect(probe.status == 404)
    #expect(probe.certificate == nil)
    #expect(!probe.usesProxy)
    let lead = try #require(probe.clockLead)
    #expect(abs(lead + clock.now().wall - 2_147_483_648_500) < 5000)
    #expect(server.requests.map { $0.prefix(7) } == ["HEAD / "])
  }
}
