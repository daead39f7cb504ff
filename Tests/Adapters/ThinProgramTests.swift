import Foundation
import Glibc
import MetiToken
import Testing

@testable import System

@Suite(.enabled(if: hasKernelKeys, "keyctl(2) is not allowed here"), .serialized)
struct `The thin program` {
  private let api = PrivateAPI()
  private let home: TemporaryDirectory
  private let program: ThinProgram

  init() throws {
    home = try TemporaryDirectory()
    program = try ThinProgram.built.get()
  }

  private func store(_ token: String, _ name: String = "a@b.c") {
    let now = SystemClock().now()
    let result = KernelCache(isEnabled: true)
      .store(api.token(token, at: now), of: api.account(name), at: now)
    #expect(result == .done)
  }

  /// - Parameter assignments: more variables, or others than the usual ones.
  private func run(
    _ arguments: [String] = [], _ assignments: [String] = [], path: String? = nil
  ) throws -> System.Process.Output {
    let usual = ["HOME=\(home.path)", "METI_API_URL=\(api.url.text)"]
    return try output(
      of: "env",
      ["-i"] + usual + assignments + [path ?? program.directory("meti-token")] + arguments)
  }

  private func stdout(_ arguments: [String] = [], _ assignments: [String] = []) throws -> String {
    let output = try run(arguments, assignments)
    #expect(output.status == .exit(0) && output.errors.isEmpty)
    return String(decoding: output.output, as: UTF8.self)
  }

  /// A hard link, because the program looks for its own file.
  private func link(_ name: String, as other: String) throws {
    try FileManager.default.linkItem(atPath: program.directory(name), toPath: home(other))
  }

  private func writeDefault(_ bytes: [UInt8]) throws {
    for name in [".config", ".config/meti-token"] { try? home.make(name) }
    try home.write(bytes, to: ".config/meti-token/default")
  }

  private static let named = ["METI_ACCOUNT=a@b.c"]

  // MARK: Answers

  @Test func `prints the token that is cached`() throws {
    store("abc.DEF-_~+/12==")
    #expect(try stdout([], Self.named) == "abc.DEF-_~+/12==\n")
    #expect(try stdout(["--header"], Self.named) == "Authorization: Bearer abc.DEF-_~+/12==\n")
  }

  @Test func `prints the longest token`() throws {
    let long = String(repeating: "x", count: geteuid() == 0 ? Token.longest : 4000)
    store(long)
    #expect(try stdout([], Self.named) == long + "\n")
  }

  @Test func `takes the account of METI_EMAIL if METI_ACCOUNT is empty`() throws {
    store("one", "a@b.c")
    store("two", "jürgen@b.c")
    let email = "METI_EMAIL=jürgen@b.c"
    #expect(try stdout([], [email]) == "two\n")
    #expect(try stdout([], ["METI_ACCOUNT=", email]) == "two\n")
    #expect(try stdout([], Self.named + [email]) == "one\n")
  }

  @Test func `takes the default account that meti-token-cli has set`() throws {
    store("one", "jürgen@b.c")
    let file = DefaultAccountFile { ["HOME": home.path][$0] }
    try file.set(Account(name: "other", api: .standard))
    try file.set(api.account("jürgen@b.c"))
    #expect(try stdout() == "one\n")
    #expect(try stdout([], ["XDG_CONFIG_HOME=\(home(".config"))"]) == "one\n")
    #expect(try stdout([], ["XDG_CONFIG_HOME=.config"]) == "one\n")
    #expect(try stdout([], ["XDG_CONFIG_HOME=/nonexistent"]) == "cli ")
    try file.remove(at: api.url)
    #expect(try stdout() == "cli ")
  }

  @Test(arguments: [[], ["METI_TOKEN_CACHE="], ["METI_TOKEN_CACHE=kernel", "METI_CLIENT_ID="]])
  func `answers if empty variables are like unset ones`(_ assignments: [String]) throws {
    store("abc")
    #expect(try stdout([], Self.named + assignments) == "abc\n")
  }

  // MARK: Doubts

  @Test(arguments: [
    ["--json"], ["--header", "-v"], ["--heade"], ["--headers"], [""], ["login"],
    ["--", "--header"],
  ])
  func `passes other arguments on`(_ arguments: [String]) throws {
    store("abc")
    #expect(try stdout(arguments, Self.named) == "cli \(arguments.joined(separator: " "))")
  }

  @Test(arguments: [
    "METI_TOKEN=t", "METI_CLIENT_ID=c", "METI_TOKEN_CACHE=keyring", "METI_TOKEN_CACHE=Kernel",
    "METI_ACCOUNT=A@b.c", "METI_ACCOUNT=a@b.c ", "METI_API_URL=https://127.0.0.1:1/other",
  ])
  func `passes on what it does not know for certain`(_ assignment: String) throws {
    store("abc")
    #expect(try stdout([], Self.named + [assignment]) == "cli ")
  }

  @Test func `normalises nothing`() throws {
    store("abc")
    #expect(try stdout([], Self.named + ["METI_API_URL=\(api.url.text)/"]) == "cli ")
    let name = "e\u{301}@b.c"
    store("decomposed", name)
    #expect(try stdout([], ["METI_ACCOUNT=\(name)"]) == "decomposed\n")
    #expect(try stdout([], ["METI_ACCOUNT=\u{E9}@b.c"]) == "cli ")
  }

  @Test func `does not take a part of one account for another`() throws {
    store("abc", "x#a@b.c")
    #expect(try stdout([], Self.named + ["METI_API_URL=\(api.url.text)#x"]) == "cli ")
    let client = KernelCache(isEnabled: true, suffix: "0123456789abcdef")
    let now = SystemClock().now()
    _ = client.store(api.token("client", at: now), of: api.account(), at: now)
    #expect(try stdout([], ["METI_ACCOUNT=a@b.c 0123456789abcdef"]) == "cli ")
  }

  @Test func `passes on an account that is not UTF-8`() throws {
    store("abc")
    let output = try output(
      of: "sh",
      [
        "-c",
        """
        METI_ACCOUNT=$(printf 'a\\377') METI_API_URL=\(api.url.text) \
        exec \(program.directory("meti-token"))
        """,
      ])
    #expect(String(decoding: output.output, as: UTF8.self) == "cli ")
  }

  @Test func `as a helper of git prints no token`() throws {
    store("abc")
    try home.link("git-credential-meti", to: program.directory("meti-token"))
    let output = try run([], Self.named, path: home("git-credential-meti"))
    #expect(String(decoding: output.output, as: UTF8.self) == "cli ")
  }

  /// With one fault each: the times, the form, or what no header may have.
  private static let malformed =
    [
      "0 1 2\nabc\n", "800000000000 900000000000 900000000000\nabc\n", "0 900000000000 1\nabc\n",
      "0 900000000000\nabc\n", "0  900000000000 900000000000\nabc\n",
      "-1 900000000000 900000000000\nabc\n", "0 9000000000000000000 900000000000\nabc\n",
      "0 900000000000 900000000000", "0 900000000000 900000000000\n",
      "0 900000000000 900000000000\n\n", "0 900000000000 900000000000\nabc",
      "0 900000000000 900000000000 \nabc\n", "0 900000000000 900000000000\na\nb\n",
      "0 900000000000 900000000000\na b\n", "0 900000000000 900000000000\n===\n",
      "0 900000000000 900000000000\na=b\n", "0 900000000000 900000000000\naé\n",
      "0 900000000000 900000000000\na\u{0}\n", "x", "\n",
    ].map { Sample($0) }
    // An ordinary user may have 20,000 bytes in keys.
    + (geteuid() == 0 ? [16_385, 25_000] : []).map { count in
      let long = String(repeating: "x", count: count)
      return Sample("\(count) bytes", "0 900000000000 900000000000\n\(long)\n")
    }

  @Test(arguments: malformed)
  func `passes on a payload that is not a token of now`(_ payload: Sample) throws {
    try KernelKey.put(api.account().description, Secret(copying: payload.text), seconds: 60)
    #expect(try stdout([], Self.named) == "cli ")
  }

  @Test func `takes a payload of that form without a fault`() throws {
    try KernelKey.put(
      api.account().description, Secret(copying: "0 900000000000 900000000000\nabc=\n"),
      seconds: 60)
    #expect(try stdout([], Self.named) == "abc=\n")
  }

  @Test(arguments: ["\r\n", "\n\u{0}", "\n\t", "\n\u{7F}"].map { Sample($0) })
  func `passes on a file of default accounts with control characters`(_ end: Sample) throws {
    store("abc")
    try writeDefault(Array("\(api.url.text) a@b.c\(end.text)".utf8))
    #expect(try stdout() == "cli ")
  }

  @Test func `passes on a file of default accounts that is malformed in another way`() throws {
    store("abc")
    let line = Array("\(api.url.text) a@b.c\n".utf8)
    try writeDefault(line)
    #expect(try stdout() == "abc\n")
    try writeDefault(line + [0xFF, 0xFE])
    #expect(try stdout() == "cli ")
    try writeDefault(line + [UInt8](repeating: 0x78, count: 65_536))
    #expect(try stdout() == "cli ")
    try writeDefault(Array("\(api.url.text)  a@b.c\n".utf8) + line)
    #expect(try stdout() == "cli ")
  }

  @Test(.timeLimit(.minutes(10))) func `does not wait for a named pipe or read a device`() throws {
    store("abc")
    try writeDefault([])
    let path = home(".config/meti-token/default")
    try FileManager.default.removeItem(atPath: path)
    #expect(unsafe mkfifo(path, 0o600) == 0)
    #expect(try stdout() == "cli ")
    try FileManager.default.removeItem(atPath: path)
    try home.link(".config/meti-token/default", to: "/dev/zero")
    #expect(try stdout() == "cli ")
  }

  @Test func `uses no relative home`() throws {
    store("abc")
    try writeDefault(Array("\(api.url.text) a@b.c\n".utf8))
    let output = try output(
      of: "env",
      [
        "-i", "-C", home.path, "HOME=.", "METI_API_URL=\(api.url.text)",
        program.directory("meti-token"),
      ])
    #expect(String(decoding: output.output, as: UTF8.self) == "cli ")
  }

  // MARK: Ends

  @Test func `reports that stdout cannot be written`() throws {
    store("abc")
    let command = "exec \(program.directory("meti-token"))"
    for (redirection, reason) in [
      (">/dev/full", "No space left on device"), (">&-", "Bad file descriptor"),
    ] {
      let output = try run(["-c", "\(command) \(redirection)"], Self.named, path: "/bin/sh")
      #expect(output.status == .exit(74) && output.output.isEmpty)
      #expect(
        String(decoding: output.errors, as: UTF8.self)
          == "meti-token: error: cannot write to standard output: \(reason)\n")
    }
  }

  @Test func `reports a reader that went away`() throws {
    store("abc")
    let script = "(\(program.directory("meti-token")); echo $? >&2) | exec true"
    let output = try run(["-c", script], Self.named, path: "/bin/sh")
    let errors = String(decoding: output.errors, as: UTF8.self)
    // The reader may be slow to go.
    #expect(
      errors == "0\n"
        || errors == "meti-token: error: cannot write to standard output: Broken pipe\n74\n")
  }

  @Test func `becomes the program under libexec of the same prefix`() throws {
    for name in ["bin", "libexec", "libexec/meti-token"] { try home.make(name) }
    try link("meti-token", as: "bin/meti-token")
    try link("libexec", as: "libexec/meti-token/meti-token-cli")
    let output = try run(["list"], path: home("bin/meti-token"))
    #expect(String(decoding: output.output, as: UTF8.self) == "libexec")
  }

  @Test func `reports that meti-token-cli is missing or cannot be run, and does not search PATH`()
    throws
  {
    try home.make("bin")
    let path = home("bin/meti-token")
    try link("meti-token", as: "bin/meti-token")
    let missing = try run([], ["PATH=\(program.directory.path)"], path: path)
    #expect(missing.status == .exit(70) && missing.output.isEmpty)
    #expect(
      String(decoding: missing.errors, as: UTF8.self) == """
        meti-token: error: meti-token-cli is missing: neither \(path)-cli nor \
        \(home("bin"))/../libexec/meti-token/meti-token-cli exists
        meti-token: hint: install meti-token again

        """)
    try home.write([], to: "bin/meti-token-cli")
    let closed = try run(path: path)
    #expect(closed.status == .exit(70))
    #expect(
      String(decoding: closed.errors, as: UTF8.self)
        == "meti-token: error: cannot run \(path)-cli: Permission denied\n")
  }

  @Test func `leaves signals and limits as they were to meti-token-cli`() throws {
    try home.make("bin")
    try link("meti-token", as: "bin/meti-token")
    try link("signals", as: "bin/meti-token-cli")
    let outputs = try ["meti-token", "meti-token-cli"].map { name in
      try run(path: home("bin/\(name)")).output
    }
    #expect(outputs[0] == outputs[1] && !outputs[0].isEmpty)
  }
}
