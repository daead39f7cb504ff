import Testing

extension DoctorTests {
  /// The second one is the default.
  private func withTwoAccounts() throws -> Workplace {
    let place = try Workplace.loggedIn()
    place.meti.setPassword("other", for: "other@domain.com")
    try place.logIn("other@domain.com", password: "other")
    return place
  }

  @Test func `of several accounts the default is meant`() throws {
    let place = try withTwoAccounts()
    #expect(
      try examine(place, status: 0).detail("account")
        == "other@domain.com, the default, in the keyring")
    #expect(
      try examine(place, status: 0, "-a", METIServer.email).detail("account")
        == "\(METIServer.email), named by --account or METI_ACCOUNT, in the keyring")
  }

  @Test func `none of several accounts being the default is what a call fails with`() throws {
    let place = try withTwoAccounts()
    let cleared = try Program("secret-tool").run(
      ["clear", "meti-kind", "default"], environment: place.environment)
    #expect(cleared.status == .exit(0))
    place.dropKernelKeys()
    #expect(try place.run("--no-prompt").status == .exit(78))
    let report = try examine(place, status: 78)
    #expect(
      report.detail("account")
        == "several, and none is the default: \(METIServer.email), other@domain.com")
  }

  @Test func `a default that is locked is not taken for none`() throws {
    let place = try withTwoAccounts()
    try place.desktop.lock()
    let report = try examine(place, status: 69)
    #expect(report.ids("failed") == ["collection"])
    #expect(
      report.detail("account")
        == "several, and the default is not read: \(METIServer.email), other@domain.com")
    #expect(report.hint("account") == "see items")
  }

  @Test func `a default whose account is gone is told, for a call goes by it`() throws {
    let place = try withTwoAccounts()
    for kind in ["account", "token"] {
      let cleared = try Program("secret-tool").run(
        ["clear", "meti-kind", kind, "meti-account", "other@domain.com"],
        environment: place.environment)
      #expect(cleared.status == .exit(0))
    }
    place.dropKernelKeys()
    #expect(try place.run("--no-prompt").status == .exit(78))
    let report = try examine(place, status: 0)
    #expect(report.ids("warning") == ["account"])
    #expect(report.detail("account") == "other@domain.com is not stored for \(place.url)")
  }
}
