import Testing

@Suite("Through a proxy", .manyAtOnce)
struct ProxyTests {
  /// Tests/Servers/mock-proxy. It ends with the last reference to it.
  final class MockProxy {
    let port: String
    private let child: Child

    init(_ answer: String...) throws {
      child = try Program(script: "Tests/Servers/mock-proxy").start(answer, input: .open)
      port = try child.line()
    }

    /// The next CONNECT's scheme of authorization.
    func authorization() throws -> String { try child.line() }

    deinit {
      child.closeInput()
      _ = child.wait(timeout: .seconds(5))
    }
  }

  /// A machine without a bus, whose account comes with the environment.
  private func place(_ proxy: MockProxy, scheme: String = "http") throws -> Workplace {
    let place = try Workplace(.noBus)
    place.environment.merge([
      "METI_EMAIL": METIServer.email, "METI_PASSWORD": METIServer.password,
      "HTTPS_PROXY": "\(scheme)://user:pass%3Aword@127.0.0.1:\(proxy.port)",
    ]) { $1 }
    return place
  }

  private func reached(_ place: Workplace, _ proxy: MockProxy, scheme: String = "http") -> String {
    "cannot reach \(place.url) through the proxy \(scheme)://***@127.0.0.1:\(proxy.port): "
  }

  @Test(arguments: [("basic", ["none", "Basic"]), ("digest", ["none", "Digest"])])
  func `it logs in as the proxy wants, and not before`(
    answer: String, authorizations: [String]
  ) throws {
    let proxy = try MockProxy(answer)
    let place = try place(proxy)
    #expect(try place.run().told == .answer(place.lastToken))
    for authorization in authorizations { #expect(try proxy.authorization() == authorization) }
  }

  @Test func `it sends no password in the clear if Digest will do`() throws {
    let proxy = try MockProxy("both")
    let place = try place(proxy)
    #expect(try place.run().told == .answer(place.lastToken))
    #expect(try proxy.authorization() == "none")
    #expect(try proxy.authorization() == "Digest")
  }

  @Test func `a curl that it starts does the same`() throws {
    let proxy = try MockProxy("digest")
    let place = try place(proxy)
    #expect(try place.run("curl", "-sS", "/sources").status == .exit(0))
    for authorization in ["none", "Digest", "none", "Digest"] {
      #expect(try proxy.authorization() == authorization)
    }
  }

  @Test(arguments: ["403", "407", "502", "302"])
  func `a page of the proxy's is the proxy's, and not shown`(status: String) throws {
    let proxy = try MockProxy("page", status)
    let place = try place(proxy)
    let outcome = try place.run("--timeout", "1")
    #expect(outcome.status == .exit(75))
    #expect(outcome.err.hasPrefix("meti-token: error: " + reached(place, proxy)))
    #expect(outcome.err.contains(status))
    #expect(!outcome.err.contains("canary"))
    #expect(!outcome.err.contains("word"))
  }

  @Test func `without a password a proxy that wants Negotiate or NTLM is named`() throws {
    let proxy = try MockProxy("windows")
    let place = try place(proxy)
    place.environment["HTTPS_PROXY"] = "http://127.0.0.1:\(proxy.port)"
    let outcome = try place.run()
    #expect(outcome.status == .exit(75))
    #expect(
      outcome.err.hasPrefix(
        "meti-token: error: cannot reach \(place.url) through the proxy "
          + "http://127.0.0.1:\(proxy.port): "))
    #expect(outcome.err.contains("407"))
    #expect(outcome.isSoon)
  }

  @Test func `a page in place of the tunnel ends TLS`() throws {
    let proxy = try MockProxy("page", "200")
    let place = try place(proxy)
    let outcome = try place.run("--timeout", "1")
    #expect(outcome.status == .exit(75))
    #expect(outcome.err.hasPrefix("meti-token: error: " + reached(place, proxy) + "TLS"))
    #expect(!outcome.err.contains("canary"))
  }

  @Test func `an http proxy that is named as https is found out`() throws {
    let proxy = try MockProxy("open")
    let place = try place(proxy, scheme: "https")
    let outcome = try place.run("--timeout", "1")
    #expect(outcome.status == .exit(75))
    #expect(
      outcome.err.hasPrefix(
        "meti-token: error: " + reached(place, proxy, scheme: "https")
          + "TLS with the proxy fails; if it is an http proxy, correct HTTPS_PROXY\n"))
  }

  @Test func `a proxy that hangs up is named`() throws {
    let proxy = try MockProxy("close")
    let place = try place(proxy)
    let outcome = try place.run("--timeout", "1")
    #expect(outcome.status == .exit(75))
    #expect(outcome.err.hasPrefix("meti-token: error: " + reached(place, proxy)))
  }

  @Test func `a proxy that is not used is not blamed`() throws {
    let proxy = try MockProxy("open")
    let place = try place(proxy)
    place.environment["NO_PROXY"] = "127.0.0.1"
    place.meti.stopListening()
    #expect(
      try place.run("--timeout", "4").told
        == .failure(
          75, "cannot reach \(place.url): Connection refused", hint: "try again later"))
  }
}
