import Testing

/// In a network with a name server that fails; Tests/Servers/bad-network says how.
@Suite("In a bad network", .manyAtOnce)
struct BadNetworkTests {
  /// Runs the program beside a METI that it knows by this host, with a request of git on its stdin;
  /// `nil`, with a line on stdout, if this machine allows no such network.
  ///
  /// The time is the program's own, without the start of the network and of METI.
  private func run(
    _ resolver: String, _ host: String, _ arguments: [String] = []
  ) throws -> Outcome? {
    let place = try Workplace(.noBus)
    place.environment.merge([
      "METI_EMAIL": METIServer.email, "METI_PASSWORD": METIServer.password,
      "METI_TOKEN_CACHE": "keyring",
    ]) { $1 }
    let certificates = try Certificates.shared.get().directory.path
    let timed = #"TIMEFORMAT=%3R; time "$0" "$@" <<<"url=$METI_API_URL""#
    var outcome = try Program(script: "Tests/Servers/bad-network").run(
      [resolver, host, certificates, "bash", "-c", timed, Program.metiToken.path] + arguments,
      environment: place.environment, timeout: .seconds(40))
    if outcome.status == .exit(77), outcome.err.hasPrefix("bad-network: ") {
      print("skipped:", outcome.err)
      return nil
    }
    // The last line is bash's.
    let lines = outcome.err.split(separator: "\n")
    outcome.seconds = try #require(lines.last.flatMap { Double($0) }, "\(outcome)")
    outcome.stderr = Array(lines.dropLast().map { $0 + "\n" }.joined().utf8)
    return outcome
  }

  /// The command, and what it answers.
  @Test(arguments: [([], ""), (["get"], "quit=1")])
  func `a dead name server ends the call at its timeout`(
    _ command: [String], _ answer: String
  ) throws {
    guard let outcome = try run("dead", "meti.test", command + ["--timeout", "1"]) else { return }
    #expect(outcome.status == .exit(75))
    #expect(outcome.value == answer)
    #expect(outcome.err.hasPrefix("meti-token: error: cannot reach https://meti.test:"))
    // Half a second after the timeout at the latest, and a second more on a busy machine.
    #expect(outcome.seconds < 2.5)
  }

  @Test func `a dead name server is not asked if the URL has an address`() throws {
    guard let outcome = try run("dead", "127.0.0.1") else { return }
    #expect(outcome.status == .exit(0))
    #expect(outcome.err == "")
    #expect(outcome.seconds < 4)
  }

  @Test func `a name server that drops queries for IPv6 addresses only takes time`() throws {
    guard let outcome = try run("no-aaaa", "meti.test") else { return }
    #expect(outcome.status == .exit(0))
    #expect(outcome.err == "")
  }
}
