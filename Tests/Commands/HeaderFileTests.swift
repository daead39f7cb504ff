import Foundation
import Glibc
import Testing

@Suite("header-file", .manyAtOnce)
struct HeaderFileTests {
  /// On a tmpfs, as $XDG_RUNTIME_DIR is in a session.
  let runtime: TemporaryDirectory

  init() throws {
    runtime = try TemporaryDirectory(in: "/dev/shm")
  }

  var path: String { runtime.path + "/meti-token/authorization" }

  func loggedIn(lifetime: Int = 3600) throws -> Workplace {
    let place = try Workplace.loggedIn(lifetime: lifetime)
    place.environment["XDG_RUNTIME_DIR"] = runtime.path
    return place
  }

  func contents() -> String? { try? String(contentsOfFile: path, encoding: .utf8) }

  func mode(_ path: String) throws -> mode_t {
    var info = stat()
    try check("stat \(path)", unsafe stat(path, &info))
    return info.st_mode & 0o7777
  }

  @Test func `the file has the header of a valid token and is for its owner alone`() throws {
    let place = try loggedIn()
    let outcome = try place.run(["header-file"])
    #expect(outcome.status == .exit(0))
    #expect(outcome.out == path + "\n")
    #expect(outcome.err == "")
    let token = try #require(place.meti.lastToken)
    #expect(contents() == "Authorization: Bearer \(token)\n")
    #expect(try mode(path) == 0o600)
    #expect(try mode(runtime.path + "/meti-token") == 0o700)
    let names = try FileManager.default.contentsOfDirectory(atPath: runtime.path + "/meti-token")
    #expect(names.filter { $0.contains("authorization") } == ["authorization"])
  }

  @Test func `curl takes it`() throws {
    let place = try loggedIn()
    let file = try place.run(["header-file"]).value
    let answer = try Program("curl").run([
      "-sS", "--cacert", place.environment["METI_CA_FILE"] ?? "", "-H", "@\(file)",
      "-o", "/dev/null", "-w", "%{http_code}", place.url + "/sources",
    ])
    #expect(answer.out == "200")
  }

  @Test func `a narrow umask and an old file do no harm`() throws {
    let place = try loggedIn()
    let script = #"umask 0777; "$0" header-file && umask 0 && "$0" header-file"#
    for _ in 1...2 {
      let outcome = try Program("/bin/sh").run(
        ["-c", script, Program.metiToken.path], environment: place.environment)
      #expect(outcome.status == .exit(0))
      #expect(try mode(path) == 0o600)
    }
  }

  @Test func `the path is printed without a token`() throws {
    let outcome = try Program.metiToken.run(
      ["header-file", "--path"], environment: ["XDG_RUNTIME_DIR": runtime.path])
    #expect(outcome.out == path + "\n")
    #expect(outcome.status == .exit(0))
    #expect(contents() == nil)
  }

  @Test func `a disk is refused`() throws {
    let place = try loggedIn()
    let disk = try TemporaryDirectory()
    let outcome = try place.run(["header-file"], with: ["XDG_RUNTIME_DIR": disk.path])
    #expect(outcome.status == .exit(74))
    #expect(outcome.out == "")
    #expect(outcome.err.contains("is not in memory"))
    #expect(!FileManager.default.fileExists(atPath: disk.path + "/meti-token/authorization"))
  }

  @Test func `a symbolic link in place of the directory is not followed`() throws {
    let place = try loggedIn()
    let elsewhere = try TemporaryDirectory(in: "/dev/shm")
    try #require(unsafe symlink(elsewhere.path, runtime.path + "/meti-token") == 0)
    #expect(try place.run(["header-file"]).status == .exit(74))
    #expect(try FileManager.default.contentsOfDirectory(atPath: elsewhere.path) == [])
  }

  @Test func `without a token no file is made`() throws {
    let place = try loggedIn()
    let outcome = try place.run(["header-file", "-a", "other@domain.com"])
    #expect(outcome.status == .exit(78))
    #expect(contents() == nil)
  }

  @Test func `readers never see half a file`() throws {
    let place = try loggedIn()
    #expect(try place.run(["header-file"]).status == .exit(0))
    // Each writes the file again while readers look.
    let script = "for i in 1 2 3 4 5; do \"$0\" header-file >/dev/null || exit 1; done"
    let writers = try (0..<4).map { _ in
      try Program("/bin/sh").start(
        ["-c", script, Program.metiToken.path], environment: place.environment)
    }
    let whole = "Authorization: Bearer \(try #require(place.meti.lastToken))\n"
    var reads = 0
    while writers.contains(where: { $0.isRunning }) {
      #expect(contents() == whole)
      reads += 1
    }
    #expect(reads > 10)
    for writer in writers { #expect(writer.wait().status == .exit(0)) }
  }

  @Test(arguments: [SIGTERM, SIGINT, SIGHUP])
  func `the watch renews the file, and removes it at its end`(signal: Int32) throws {
    let place = try loggedIn(lifetime: 2)
    let child = try place.start("header-file", "--watch")
    #expect(try child.line() == path)
    let first = try #require(contents())
    #expect(becomesTrue { contents() != first })
    let second = try #require(contents())
    #expect(becomesTrue { contents() != second })
    // At every moment the token in it is one that METI takes.
    let line = try #require(contents())
    let token = line.dropFirst("Authorization: Bearer ".count).dropLast()
    #expect(place.meti.isLive(String(token)))
    child.signal(signal)
    #expect(child.wait().status == .signal(signal))
    #expect(contents() == nil)
  }

  @Test(arguments: ["kernel", "keyring"])
  func `the watch notices that another call has renewed the token`(
    cache: String
  ) throws {
    let place = try loggedIn()
    place.environment["METI_TOKEN_CACHE"] = cache
    let child = try place.start("header-file", "--watch")
    #expect(try child.line() == path)
    let token = try place.run("-f").value
    #expect(
      becomesTrue(within: .seconds(20)) { contents() == "Authorization: Bearer \(token)\n" })
    child.signal(SIGTERM)
    _ = child.wait()
  }

  @Test(arguments: ["kernel", "keyring"])
  func `the watch replaces a token that was discarded`(cache: String) throws {
    let place = try loggedIn()
    place.environment["METI_TOKEN_CACHE"] = cache
    let child = try place.start("header-file", "--watch")
    #expect(try child.line() == path)
    let first = contents()
    #expect(try place.run("reject").status == .exit(0))
    #expect(becomesTrue(within: .seconds(20)) { contents() != first })
    child.signal(SIGTERM)
    _ = child.wait()
  }

  @Test func `the watch waits for its first token while the keyring is locked`() throws {
    let place = try loggedIn()
    place.dropKernelKeys()
    try place.desktop.restartLocked()
    let child = try place.start("header-file", "--watch")
    #expect(
      child.wait(timeout: .seconds(10)) {
        String(decoding: child.stderr, as: UTF8.self).contains("is locked")
      })
    #expect(contents() == nil)
    try place.desktop.restartUnlocked()
    #expect(becomesTrue(within: .seconds(25)) { contents() != nil })
    #expect(try child.line() == path)
    child.signal(SIGTERM)
    #expect(child.wait().status == .signal(SIGTERM))
    #expect(contents() == nil)
  }

  @Test func `the watch waits out trouble, and takes a dead token away`() throws {
    let place = try loggedIn(lifetime: 2)
    let child = try place.start("header-file", "--watch", "--timeout", "1")
    #expect(try child.line() == path)
    place.meti.defaultAnswer = .status(503)
    #expect(becomesTrue { contents() == nil })
    place.meti.defaultAnswer = .issue
    #expect(becomesTrue(within: .seconds(25)) { contents() != nil })
    child.signal(SIGTERM)
    let outcome = child.wait()
    #expect(outcome.err.contains("retrying"))
    #expect(!outcome.err.contains("error:"))
  }

  @Test func `the watch keeps a token that lives, whatever METI answers`() throws {
    let place = try loggedIn(lifetime: 12)
    let child = try place.start("header-file", "--watch")
    #expect(try child.line() == path)
    let first = try #require(contents())
    place.meti.defaultAnswer = .status(404)
    // Three seconds before its end only a new one will do.
    #expect(
      child.wait(timeout: .seconds(25)) {
        String(decoding: child.stderr, as: UTF8.self).contains("retrying")
      })
    #expect(child.isRunning)
    #expect(contents() == first)
    child.signal(SIGTERM)
    #expect(child.wait().status == .signal(SIGTERM))
    #expect(contents() == nil)
  }

  @Test func `the watch ends with its token if METI's answer is unusable`() throws {
    let place = try loggedIn(lifetime: 2)
    let child = try place.start("header-file", "--watch")
    #expect(try child.line() == path)
    place.meti.defaultAnswer = .status(404)
    #expect(child.wait().status == .exit(76))
    #expect(contents() == nil)
  }

  @Test func `the watch ends when METI rejects the password`() throws {
    let place = try loggedIn(lifetime: 2)
    let child = try place.start("header-file", "--watch")
    #expect(try child.line() == path)
    place.meti.setPassword("another", for: METIServer.email)
    #expect(child.wait().status == .exit(77))
    #expect(contents() == nil)
  }

  @Test func `the watch writes a file again that another watch has removed`() throws {
    let place = try loggedIn()
    let child = try place.start("header-file", "--watch")
    #expect(try child.line() == path)
    let other = try place.start("header-file", "--watch")
    #expect(try other.line() == path)
    other.signal(SIGTERM)
    _ = other.wait()
    #expect(becomesTrue(within: .seconds(20)) { contents() != nil })
    child.signal(SIGTERM)
    _ = child.wait()
    #expect(contents() == nil)
  }

  @Test func `the unit is one that systemd takes`() throws {
    let directory = try TemporaryDirectory()
    let unit = Program.repository + "contrib/systemd/meti-token-header.service"
    guard FileManager.default.isExecutableFile(atPath: "/usr/bin/systemd-analyze") else { return }
    // systemd looks for the program in its own directories, and it is not installed yet.
    let text = try String(contentsOfFile: unit, encoding: .utf8)
    #expect(text.contains("ExecStart=meti-token header-file --watch\n"))
    let copy = try directory.write(
      text.replacingOccurrences(of: "=meti-token ", with: "=\"\(Program.metiToken.path)\" "),
      to: "meti-token-header.service")
    let outcome = try Program("systemd-analyze").run(
      ["verify", "--user", "--man=no", copy], environment: ["XDG_RUNTIME_DIR": runtime.path])
    #expect(outcome.status == .exit(0), "\(outcome)")
    #expect(outcome.err == "")
  }
}
