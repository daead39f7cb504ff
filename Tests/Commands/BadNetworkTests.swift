import Testing

/// In a network with a name server that fails; Tests/Servers/bad-network says how.
@Suite("In a bad network", .manyAtOnce)
struct BadNetworkTests {
  /// Runs the program beside a METI that it knows by this host; `nil`, with a line on stdout, if this
  /// machine allows no such network.
  private func run(
    _ resolver: String, _ host: String, _ arguments: String...
  ) throws -> Outcome? {
    let place = try Workplace(.noBus)
    place.environment.merge([
      "METI_EMAIL": METIServer.email, "METI_PASSWORD": METIServer.password,
      "METI_TOKEN_CACHE": "keyring",
    ]) { $1 }
    let certificates = try Certificates.shared.get().directory.path
    let outcome = try Program(script: "Tests/Servers/bad-network").run(
      [resolver, host, certificates, Program.metiToken.path] + arguments,
      environment: place.environment, timeout: .seconds(40))
    guard outcome.status == .exit(77), outcome.err.hasPrefix("bad-network: ") else {
      return outcome
    }
    print("skipped:", outcome.err)
    return nil
  }

  @Test func `a dead name server ends the call at its timeout`() throws {
    guard let outcome = try run("dead", "meti.test", "--timeout", "2") else { return }
    #expect(outcome.status == .exit(75))
    #expect(outcome.out == "")
    #expect(outcome.err.hasPrefix("meti-token: error: cannot reach https://meti.test:"))
    // With the start of METI and of the network; the name server's own time is 10 seconds.
    #expect(outcome.seconds < 6)
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
