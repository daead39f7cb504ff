import Foundation
import Glibc
import Testing

/// What `meti-token curl` does after a 401.
@Suite("curl after a 401")
struct CurlRepeatTests {
  let place: Workplace
  let directory: TemporaryDirectory

  init() throws {
    place = try Workplace.loggedIn()
    directory = try TemporaryDirectory()
    // METI forgets the token that is stored here.
    place.meti.revokeAll()
  }

  func curl(_ arguments: String..., input: Input = .nothing) throws -> Outcome {
    try place.run(["curl"] + arguments, input: input, directory: directory.path)
  }

  func contents(_ name: String) -> String? {
    try? String(contentsOfFile: directory.path + "/" + name, encoding: .utf8)
  }

  var sourcesRequests: Int { place.meti.sourcesRequests }
  var tokenPosts: Int { place.meti.tokenPosts }

  /// METI's next token is one that it will not take.
  func answerWithDeadToken() {
    place.meti.answerNext(.body(#"{"token":"dead","expires_in":3600}"#))
  }

  @Test func `the token is renewed, the request repeated, and one answer shown`() throws {
    let outcome = try curl("-sS", "-w", "[%{http_code}]", "/sources")
    #expect(outcome.out == CurlTests.sources + "[200]")
    #expect(outcome.err == "")
    #expect(outcome.status == .exit(0))
    #expect(sourcesRequests == 2)
    #expect(tokenPosts == 1)
  }

  @Test func `nothing of the first answer is seen, whatever is shown of it`() throws {
    let outcome = try curl("-sSi", "-f", "-w", "%{stderr}[%{http_code}]", "/sources")
    #expect(outcome.out.hasPrefix("HTTP/1.1 200 OK\r\n"))
    #expect(!outcome.out.contains("401"))
    #expect(outcome.err == "[200]")
    #expect(outcome.status == .exit(0))
  }

  @Test func `a posted file is posted again`() throws {
    _ = try directory.write("0123456789", to: "body")
    let outcome = try curl("-sS", "--data-binary", "@body", "/sources")
    #expect(outcome.out == #"{"bytes":10}"#)
    let bodies = place.meti.requests.filter { $0.path == "/sources" }.map(\.bodyBytes)
    #expect(bodies == [10, 10])
  }

  @Test func `a file holds the second answer alone`() throws {
    #expect(try curl("-sS", "-o", "out", "/sources").status == .exit(0))
    #expect(contents("out") == CurlTests.sources)
  }

  @Test func `a second 401 is shown`() throws {
    answerWithDeadToken()
    let outcome = try curl("-sS", "-w", "[%{http_code}]", "/sources")
    #expect(outcome.out == CurlTests.refusal + "[401]")
    #expect(outcome.status == .exit(0))
    #expect(sourcesRequests == 2)
    #expect(tokenPosts == 1)
    place.meti.revokeAll()
    answerWithDeadToken()
    #expect(try curl("-sS", "-f", "/sources").status == .exit(22))
  }

  @Test func `standard input is not sent again, but the token is forgotten`() throws {
    for options in [["-d", "@-"], ["-T", "-"], ["-F", "x=@-"], ["--json", "@-"]] {
      place.meti.forgetRequests()
      let outcome = try place.run(["curl", "-sS", "/sources"] + options, input: .text("a=b"))
      #expect(place.meti.requests.count { $0.path == "/sources" } == 1, "\(options)")
      #expect(options[0] == "-T" || outcome.out == CurlTests.refusal, "\(options)")
      #expect(tokenPosts == 0)
      // The next call has a new token.
      #expect(try curl("-sS", "/sources").out == CurlTests.sources)
      #expect(tokenPosts == 1)
      place.meti.revokeAll()
    }
  }

  @Test func `a pipe is not read again`() throws {
    let script = #""$0" curl -sS -d @<(printf a=b) /sources"#
    let outcome = try Program("bash").run(
      ["-c", script, Program.metiToken.path], environment: place.environment)
    #expect(outcome.out == CurlTests.refusal)
    #expect(sourcesRequests == 1)
  }

  @Test func `several readings are repeated, several writings are not`() throws {
    let writings = try curl("-sS", "-d", "a=b", "/sources", "/sources")
    #expect(writings.out == CurlTests.refusal + CurlTests.refusal)
    #expect(tokenPosts == 0)
    let readings = try curl("-sS", "/sources", "/sources?n=[1-2]")
    #expect(readings.out == CurlTests.sources + CurlTests.sources + CurlTests.sources)
    #expect(tokenPosts == 1)
    place.meti.revokeAll()
    place.meti.forgetRequests()
    let again = try curl("-sS", "/sources", "/sources?n=[1-2]")
    #expect(again.out == CurlTests.sources + CurlTests.sources + CurlTests.sources)
    #expect(sourcesRequests == 4)
  }

  @Test func `a later 401 is shown, and the token forgotten`() throws {
    let outcome = try curl("-sS", "/nothing", "/sources")
    #expect(outcome.out == #"{"error":"not found"}"# + CurlTests.refusal)
    #expect(sourcesRequests == 1)
    #expect(try curl("-sS", "/sources").out == CurlTests.sources)
    #expect(tokenPosts == 1)
  }

  @Test func `with headers taken elsewhere, and in parallel, nothing is repeated`() throws {
    #expect(try curl("-sS", "-D", "headers", "/sources").out == CurlTests.refusal)
    #expect(contents("headers")?.hasPrefix("HTTP/1.1 401 ") == true)
    #expect(try curl("-sSZ", "/sources").out == CurlTests.refusal)
    #expect(sourcesRequests == 2)
  }

  @Test func `a newer token of another program stays`() throws {
    // Another program has renewed, and the token that this call was refused with is gone already.
    let script = #"""
      "$0" exec -- sh -c '"$0" --force-refresh >/dev/null; printenv METI_TOKEN' "$0"
      """#
    let old = try Program("/bin/sh").run(
      ["-c", script, Program.metiToken.path], environment: place.environment
    ).value
    let rejected = try place.run(["reject", "--token-stdin"], input: .text(old))
    #expect(rejected.status == .exit(0))
    #expect(try curl("-sS", "/sources").out == CurlTests.sources)
    #expect(tokenPosts == 1)
  }

  @Test func `where METI refuses the password that is said, with its own status`() throws {
    place.meti.setPassword("another", for: METIServer.email)
    let outcome = try curl("-sS", "/sources")
    #expect(outcome.status == .exit(77))
    #expect(outcome.out == "")
    #expect(outcome.err.contains("METI refuses the credentials"))
  }

  @Test func `the progress meter passes through`() throws {
    let outcome = try curl("-o", "out", "/sources")
    #expect(outcome.err.contains("% Total"))
    #expect(contents("out") == CurlTests.sources)
  }

  @Test func `on a terminal curl behaves as on a terminal, and one answer is shown`() throws {
    let terminal = try Terminal(
      Program.metiToken, ["curl", "/sources"], environment: place.environment)
    let outcome = terminal.wait()
    #expect(outcome.status == .exit(0))
    // Neither the refusal, nor a progress meter.
    #expect(terminal.screen == CurlTests.sources)
    #expect(sourcesRequests == 2)
  }

  @Test func `Ctrl-C on a terminal ends both`() throws {
    let terminal = try Terminal(
      Program.metiToken, ["curl", "-sS", "-T", "-", "/sources"], environment: place.environment)
    usleep(500_000)
    terminal.send("\u{3}")
    #expect(terminal.wait(timeout: .seconds(10)).status == .exit(128 + SIGINT))
  }

  @Test func `much output passes in full`() throws {
    let outcome = try curl("-sS", "/sources?n=[1-300]")
    #expect(outcome.out == String(repeating: CurlTests.sources, count: 300))
  }
}
