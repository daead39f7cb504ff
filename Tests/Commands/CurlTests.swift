import Foundation
import Glibc
import Testing

@Suite("curl", .manyAtOnce)
struct CurlTests {
  let place: Workplace
  let directory: TemporaryDirectory

  static let sources = #"""
    {"type":"FeatureCollection","features":[{"type":"Feature","id":"src_1",\#
    "properties":{"name":"North field"},"geometry":{"type":"Point","coordinates":[13.4,52.5]}}]}
    """#
  static let rejection = #"{"error":"token missing, invalid or expired"}"#

  init() throws {
    place = try Workplace.loggedIn()
    directory = try TemporaryDirectory()
  }

  func curl(
    _ arguments: String..., input: Input = .nothing, with variables: [String: String] = [:]
  ) throws -> Outcome {
    try place.run(
      ["curl"] + arguments, input: input, with: variables, directory: directory.path)
  }

  func contents(_ name: String) -> String? {
    try? String(contentsOfFile: directory.path + "/" + name, encoding: .utf8)
  }

  /// What METI saw at `/sources`: `GET`, or `POST 17` with the size of the body.
  var seen: [String] {
    place.meti.requests.filter { $0.path.hasPrefix("/sources") }.map {
      $0.bodyBytes == 0 ? $0.method : "\($0.method) \($0.bodyBytes)"
    }
  }

  // MARK: What reaches METI

  @Test func `a path is asked for with the token`() throws {
    let outcome = try curl("-sS", "/sources")
    #expect(outcome.out == Self.sources)
    #expect(outcome.err == "")
    #expect(outcome.status == .exit(0))
    let token = try #require(place.meti.lastToken)
    #expect(place.meti.requests.last?.authorization == "Bearer \(token)")
    #expect(place.meti.tokenPosts == 0)
  }

  @Test func `a path is put behind the API URL, and a URL on it is taken as it is`() throws {
    let url = place.url
    for given in ["/sources?a=%20b#c", url + "/sources/"] { _ = try curl("-sS", given) }
    let paths = place.meti.requests.map(\.target)
    #expect(paths == ["/sources?a=%20b", "/sources/"])
  }

  @Test func `a file is posted, an answer is saved, a format is written`() throws {
    _ = try directory.write(#"{"type":"FeatureCollection"}"#, to: "f.geojson")
    let outcome = try curl(
      "-sSfo", "out.json", "-X", "POST", "-H", "Content-Type: application/geo+json", "-d",
      "@f.geojson", "-w", "%{http_code}\\n", "/sources")
    #expect(outcome.out == "200\n")
    #expect(outcome.status == .exit(0))
    #expect(contents("out.json") == #"{"bytes":28}"#)
    #expect(seen == ["POST 28"])
    #expect(
      place.meti.requests.last?.field("content-type") == "application/geo+json")
  }

  @Test func `~/.curlrc is not read`() throws {
    let home = try #require(place.environment["HOME"])
    try "head\nurl = \"https://127.0.0.1:1/\"\n".write(
      toFile: home + "/.curlrc", atomically: true, encoding: .utf8)
    let outcome = try curl("-sS", "/sources")
    #expect(outcome.out == Self.sources)
    #expect(outcome.status == .exit(0))
  }

  @Test func `standard input and large bodies pass through`() throws {
    let body = [UInt8](repeating: UInt8(ascii: "x"), count: 3_000_000)
    let outcome = try curl("-sS", "--data-binary", "@-", "/sources", input: .bytes(body))
    #expect(outcome.out == #"{"bytes":3000000}"#)
  }

  @Test func `arguments that are no UTF-8 arrive as they are`() throws {
    let script = #"cd "$1" && x=$(printf 'o\377') && "$0" curl -sS -o "$x" /sources && cat "$x""#
    let outcome = try Program("/bin/sh").run(
      ["-c", script, Program.metiToken.path, directory.path], environment: place.environment)
    #expect(outcome.out == Self.sources)
  }

  // MARK: How it ends

  @Test func `the exit status is curl's own`() throws {
    #expect(try curl("-sS", "-f", "/nothing").status == .exit(22))
    #expect(try curl("-sS", "/nothing").status == .exit(0))
    #expect(try curl("-sS", "--max-filesize", "5", "/sources").status == .exit(63))
    #expect(try curl("-sS", "-T", "missing-file", "/sources").status == .exit(26))
    #expect(try curl("-sS", "-o", "/dev/full", "/sources").status == .exit(23))
  }

  @Test func `a server that nobody vouches for gets nothing`() throws {
    let other = try Certificates.shared.get().otherAuthority
    let outcome = try curl("-sS", "/sources", with: ["METI_CA_FILE": other])
    #expect(outcome.status == .exit(60))
    #expect(seen == [])
  }

  @Test func `a server that speaks TLS 1.1 alone gets nothing`() throws {
    guard try place.speakOldTLS() else { return }
    #expect(try curl("-sS", "/sources").status == .exit(35))
    #expect(seen == [])
  }

  @Test func `an output that is full is an error`() throws {
    for arguments in [["/sources"], ["-N", "/sources"]] {
      let outcome = try Program.metiToken.run(
        ["curl", "-sS"] + arguments, environment: place.environment, output: .file("/dev/full"))
      #expect(outcome.status == .exit(23))
      #expect(outcome.err != "")
    }
  }

  @Test(arguments: [SIGTERM, SIGINT, SIGHUP])
  func `a signal ends curl, and then us`(signal: Int32) throws {
    let child = try place.start("curl", "-sS", "-T", "-", "/sources", input: .open)
    let curl = try #require(curlOf(child.pid))
    child.signal(signal)
    // With its input still open, so that nothing else ends curl.
    _ = child.wait(timeout: .seconds(10)) { !child.isRunning }
    #expect(child.wait().status == .signal(signal))
    #expect(kill(curl, 0) == -1)
  }

  /// The process id of the curl that a process has started, or will soon.
  func curlOf(_ pid: pid_t) -> pid_t? {
    var curl: pid_t?
    _ = becomesTrue {
      let children = ProcessTable.descendants(of: pid).dropFirst()
      curl = children.first { $0.commandLine.hasPrefix("curl\0") }?.pid
      return curl != nil
    }
    return curl
  }

  @Test func `without curl it is 127, without a token curl is not run`() throws {
    let missing = try curl("-sS", "/sources", with: ["PATH": directory.path])
    #expect(missing.status == .exit(127))
    #expect(missing.err.hasPrefix("meti-token: error: there is no curl in PATH\n"))
    let outcome = try curl("-sS", "/sources", with: ["METI_ACCOUNT": "other@domain.com"])
    #expect(outcome.status == .exit(78))
    #expect(seen == [])
  }

  // MARK: Who sees the token

  @Test func `no process shows the token or the password, and curl has neither`() throws {
    let child = try place.start("curl", "-sS", "-d", "@-", "/sources", input: .open)
    let curl = try #require(curlOf(child.pid))
    let token = try #require(place.meti.lastToken)
    let processes = ProcessTable.descendants(of: child.pid)
    #expect(processes.map(\.pid) == [child.pid, curl])
    for secret in [token, METIServer.password] {
      #expect(!processes.contains { "\($0)".contains(secret) })
    }
    #expect(processes.last?.commandLine.hasPrefix("curl\0--disable\0--config\0/dev/fd/") == true)
    child.send("a=b")
    child.closeInput()
    #expect(child.wait().out == #"{"bytes":3}"#)
  }

  @Test func `nothing is left in the pipe with the token that another option could read`() throws {
    _ = try Program.install(
      script: "#!/bin/sh\nprintf %s \"$3\"\n", at: directory.path + "/bin/curl")
    let pipe = try curl("/sources", with: ["PATH": "\(directory.path)/bin:/usr/bin:/bin"]).out
    #expect(pipe.hasPrefix("/dev/fd/"))
    for options in [
      ["-d", "@\(pipe)"], ["--data-urlencode", "x@\(pipe)"], ["--json", "@\(pipe)"],
      ["-T", pipe], ["-w", "@\(pipe)"], ["--etag-compare", pipe],
      ["-d", "@/proc/self/fd/\(pipe.dropFirst("/dev/fd/".count))"],
    ] {
      place.meti.forgetRequests()
      let outcome = try place.run(["curl", "-sS", "/sources"] + options)
      let token = try #require(place.meti.lastToken)
      #expect(!outcome.out.contains(token), "\(options)")
      let seen = try #require(place.meti.requests.last, "\(options): \(outcome)")
      #expect(!seen.fields.contains { $0.name != "authorization" && $0.value.contains(token) })
      #expect(seen.bodyBytes < token.utf8.count, "\(options)")
    }
  }

  @Test func `curl dumps no core`() throws {
    let child = try place.start("curl", "-sS", "-d", "@-", "/sources", input: .open)
    let curl = try #require(curlOf(child.pid))
    let limits = try String(contentsOfFile: "/proc/\(curl)/limits", encoding: .utf8)
    let line = try #require(limits.split(separator: "\n").first { $0.hasPrefix("Max core") })
    // The soft limit; one byte is too little for a core.
    let words = line.split(separator: " ")
    #expect(["0", "1"].contains(words[4]), "\(line)")
    child.closeInput()
    _ = child.wait()
  }

  @Test func `curl has no secret in its environment, and all else`() throws {
    _ = try Program.install(
      script: "#!/bin/sh\nexec env -0\n", at: directory.path + "/bin/curl")
    let outcome = try curl(
      "/sources",
      with: [
        "METI_PASSWORD": "p", "METI_CLIENT_SECRET": "s", "CREDENTIALS_DIRECTORY": "/c",
        "SSLKEYLOGFILE": "/dev/null", "KEPT": "yes", "PATH": "\(directory.path)/bin:/usr/bin:/bin",
      ])
    let names = Set(
      outcome.out.split(separator: "\0").compactMap { $0.split(separator: "=").first })
    #expect(names.contains("KEPT"))
    let secrets: Set<Substring> = [
      "METI_PASSWORD", "METI_CLIENT_SECRET", "CREDENTIALS_DIRECTORY", "SSLKEYLOGFILE", "METI_TOKEN",
    ]
    #expect(names.isDisjoint(with: secrets))
  }

  @Test func `a redirect to another host does not carry the token`() throws {
    let other = try METIServer()
    let outcome = try curl("-sSL", "/redirect?to=\(other.url)/sources")
    #expect(outcome.out == Self.rejection)
    #expect(other.meti.requests.map(\.authorization) == [nil])
    // Nor is the token discarded.
    #expect(try curl("-sS", "/sources").out == Self.sources)
    #expect(place.meti.tokenPosts == 0)
  }

  @Test func `a redirect to plain http is not followed`() throws {
    let other = try METIServer(.plain)
    let outcome = try curl("-sSL", "/redirect?to=\(other.url)/sources")
    #expect(outcome.status == .exit(1))
    #expect(other.meti.requests == [])
  }

  @Test func `a redirect on the API is followed with the token`() throws {
    #expect(try curl("-sSL", "/redirect?to=/sources").out == Self.sources)
  }

  @Test func `plain http on loopback goes to no proxy`() throws {
    let server = try METIServer(.plain)
    let variables = server.environment.merging(["http_proxy": place.url]) { $1 }
    let login = try place.run(
      ["login", "--email", METIServer.email, "--password-stdin"],
      input: .text(METIServer.password), with: variables)
    #expect(login.status == .exit(0))
    let outcome = try place.run(["curl", "-sS", "/sources"], with: variables)
    #expect(outcome.out == Self.sources)
    let refused = try place.run(["curl", "-x", "localhost:1", "/sources"], with: variables)
    #expect(refused.status == .exit(64))
  }

  // MARK: 401

  @Test func `a 401 discards the token, says so, and keeps curl's status`() throws {
    place.meti.revokeAll()
    let outcome = try curl("-sS", "--fail-with-body", "/sources")
    #expect(
      outcome.told
        == Told(
          status: .exit(22), out: Self.rejection,
          err: """
            curl: (22) The requested URL returned error: 401
            meti-token: warning: METI answered 401, and the token was discarded
            meti-token: hint: run the command again: it uses a new token

            """))
    #expect(seen == ["GET"])
    #expect(place.kernelKeys == [])
    #expect(try curl("-sS", "/sources").out == Self.sources)
    #expect(place.meti.tokenPosts == 1)
  }

  @Test func `a parent that ignores SIGCHLD does not turn a failure into a success`() throws {
    let script = #"trap '' CHLD; "$0" curl -sS -f /nothing; echo "status $?""#
    let outcome = try Program("/bin/sh").run(
      ["-c", script, Program.metiToken.path], environment: place.environment)
    #expect(outcome.out == "status 22\n")
  }
}
