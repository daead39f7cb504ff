import Glibc
import Testing

/// A process that may not be dumped may not be traced or read either (prctl(2), PR_SET_DUMPABLE).
@Suite("While it holds a password", .manyAtOnce)
struct DumpTests {
  @Test func `no process of the user may read its memory`() throws {
    let server = try METIServer(.plain)
    server.meti.defaultAnswer = .silence
    // Another user may not be let into the build's directory, for example in /root.
    let directory = try TemporaryDirectory(in: "/tmp")
    guard unsafe chmod(directory.path, 0o755) == 0 else { throw SystemCallError("chmod") }
    let child = try asUser(
      Program.cli.install(at: directory.path + "/meti-token-cli").path,
      [
        "METI_API_URL": server.url, "METI_EMAIL": METIServer.email,
        "METI_PASSWORD": METIServer.password, "METI_TOKEN_CACHE": "keyring",
      ])
    defer { child.signal(SIGKILL) }
    try #require(becomesTrue { server.meti.tokenPosts == 1 })
    #expect(owner(of: child) == 0)
  }

  @Test func `of another program it may`() throws {
    let child = try asUser("cat", [:])
    defer { child.signal(SIGKILL) }
    #expect(becomesTrue { owner(of: child) == user })
  }

  /// Of root's processes all files are root's anyhow, so root's tests are somebody else's.
  private var user: uid_t { geteuid() == 0 ? 65_534 : geteuid() }

  private func asUser(_ program: String, _ environment: [String: String]) throws -> Child {
    guard geteuid() == 0 else {
      return try Program(program).start(input: .open, environment: environment)
    }
    return try Program("setpriv").start(
      ["--reuid", "\(user)", "--clear-groups", "--", program], input: .open,
      environment: environment)
  }

  /// Whose the files in /proc/PID are: root's where the process is not dumpable (proc(5)).
  private func owner(of child: Child) -> uid_t? {
    var info = stat()
    return unsafe stat("/proc/\(child.pid)/mem", &info) == 0 ? info.st_uid : nil
  }
}
