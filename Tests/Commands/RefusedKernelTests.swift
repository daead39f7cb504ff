import Testing

/// As in a container. Here an older token is in the kernel's keyring, and a newer one in the desktop's.
@Suite("With a kernel that refuses its keyring", .manyAtOnce)
struct RefusedKernelTests {
  let place: Workplace
  /// In the desktop's keyring.
  let token: String

  private let warning = """
    meti-token: warning: the kernel refuses access to its keyring: an older token may stay there \
    until it expires

    """

  init() throws {
    place = try Workplace.loggedIn()
    token = place.meti.issueToken(for: METIServer.email)
    try place.replaceKeyringToken(by: token)
  }

  private func run(_ arguments: String..., input: Input = .nothing) throws -> Outcome {
    try place.run(arguments, input: input, refusing: .keys)
  }

  @Test func `the token is the desktop keyring's, and there is no warning`() throws {
    #expect(try run().told == .answer(token))
    #expect(place.meti.requests == [])
  }

  @Test func `curl sends the desktop keyring's token, and there is no warning`() throws {
    #expect(
      try run("curl", "-sS", "/sources").told
        == Told(status: .exit(0), out: CurlTests.sources, err: ""))
    #expect(place.meti.requests.map(\.authorization) == ["Bearer \(token)"])
  }

  @Test func `a renewal warns that the older token may stay`() throws {
    #expect(try run("-f").told == .answer(place.lastToken, err: warning))
    #expect(place.kernelKeys == ["#\(METIServer.email)"])
  }

  @Test func `a login warns that the older token may stay`() throws {
    let outcome = try run(
      "login", "--email", METIServer.email, "--password-stdin", input: .text(METIServer.password))
    #expect(outcome.status == .exit(0))
    #expect(outcome.err.contains(warning))
  }

  @Test(arguments: [[], ["--token-only"], ["--all"]])
  func `a logout warns that the older token may stay`(options: [String]) throws {
    let outcome = try place.run(["logout"] + options, refusing: .keys)
    #expect(outcome.status == .exit(0))
    #expect(outcome.err.contains(warning))
    #expect(try place.items().filter { $0.kind == "token" } == [])
  }

  @Test func `without an older token there is no warning`() throws {
    place.dropKernelKeys()
    #expect(try run("-f").told == .answer(place.lastToken))
  }
}
