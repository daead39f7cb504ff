import Foundation
import Glibc
import Testing

@Suite("Finding what is wrong", .manyAtOnce)
struct DoctorTests {
  /// The report in JSON.
  struct Report: Decodable {
    struct Check: Decodable {
      let id: String
      let state: String
      let detail: String
      let hint: String?
    }

    let version: String
    let apiURL: String
    let checks: [Check]

    enum CodingKeys: String, CodingKey {
      case version, checks
      case apiURL = "api_url"
    }

    func state(_ id: String) -> String? { checks.first { $0.id == id }?.state }
    func detail(_ id: String) -> String { checks.first { $0.id == id }?.detail ?? "" }
    func hint(_ id: String) -> String { checks.first { $0.id == id }?.hint ?? "" }
    /// The ids in this state.
    func ids(_ state: String) -> [String] { checks.filter { $0.state == state }.map(\.id) }
  }

  /// Runs it with and without `--json`, and checks what holds for every report.
  func examine(
    _ place: Workplace, status: Int32, with extra: [String: String] = [:], _ arguments: String...
  ) throws -> Report {
    let outcome = try place.run(["doctor", "--json"] + arguments, with: extra)
    #expect(outcome.status == .exit(status), "\(outcome)")
    let report = try JSONDecoder().decode(Report.self, from: Data(outcome.stdout))
    #expect(report.apiURL == place.url)
    for check in report.checks {
      let needsHint = ["warning", "failed"].contains(check.state)
      #expect(needsHint == (check.hint != nil), "\(check)")
    }
    let failed = report.ids("failed")
    #expect(failed.isEmpty == (status == 0))
    let count = failed.count == 1 ? "1 check" : "\(failed.count) checks"
    let error = "meti-token: error: \(count) failed: \(failed.joined(separator: ", "))\n"
    #expect(outcome.err.hasSuffix(status == 0 ? "" : error))

    let text = try place.run(["doctor", "--verbose"] + arguments, with: extra)
    #expect(text.status == .exit(status))
    for output in [outcome.out, outcome.err, text.out, text.err] {
      for secret in [METIServer.password, METIServer.clientSecret, place.lastToken]
      where !secret.isEmpty {
        #expect(!output.contains(secret))
      }
    }
    for check in report.checks { #expect(text.out.contains(" \(check.id) ")) }
    return report
  }

  // MARK: The report

  @Test func `a healthy place passes every check`() throws {
    let place = try Workplace.loggedIn()
    let report = try examine(place, status: 0)
    let ids = [
      "account", "bus", "provider", "collection", "kernel", "locks", "api", "credentials", "clock",
    ]
    #expect(report.checks.map(\.id) == ids)
    #expect(report.ids("ok") == ids)
    #expect(report.detail("account") == "\(METIServer.email), in the keyring")
    let bus = place.environment["DBUS_SESSION_BUS_ADDRESS"] ?? "?"
    #expect(report.detail("bus") == "\(bus), from DBUS_SESSION_BUS_ADDRESS")
    #expect(report.detail("provider").contains(/^gnome-keyring-daemon, process \d+$/))
    #expect(report.detail("collection") == #""Login" is open, with 1 account"#)
    #expect(report.detail("kernel") == "works")
    #expect(report.detail("api").hasPrefix("\(place.url) answers, HTTP 404, in "))
    #expect(
      report.detail("api").contains(
        "; certificate of CN = meti-token test server, by CN = meti-token test ca, until "))
    #expect(report.detail("api").hasSuffix("; trusts the certificates in \(place.caFile)"))
    #expect(report.detail("credentials") == "a password is in the keyring")
    #expect(report.detail("clock") == "agrees with METI's clock")
  }

  @Test func `the text has a line for each check and one for its hint`() throws {
    let place = try Workplace(.noBus)
    let outcome = try place.run("doctor")
    #expect(outcome.err == "meti-token: error: 1 check failed: bus\n")
    let lines = outcome.out.split(separator: "\n", omittingEmptySubsequences: false)
    #expect(lines[0].hasSuffix(", \(place.url)") && lines[1].isEmpty)
    #expect(lines[2] == "skipped  account      unknown: the keyring cannot be read")
    #expect(
      lines[3] == "failed   bus          no keyring is available: there is no session bus here")
    #expect(lines[4].hasPrefix("                      -> "))
    #expect(lines[5] == "skipped  provider     not checked: see bus")
  }

  @Test func `the last line of a good report counts the warnings`() throws {
    let place = try Workplace.loggedIn()
    #expect(try place.run("doctor").out.hasSuffix("\n\nAll checks passed.\n"))
    #expect(
      try place.run("doctor", "--account", "who@domain.com").out
        .hasSuffix("\n\nAll checks passed, 1 warning.\n"))
  }

  @Test(arguments: ["\u{1B}[2J", "\u{202E}moc", "\u{9B}1m", "\u{2028}"])
  func `names from outside never reach the terminal unescaped`(name: String) throws {
    let place = try Workplace(.noBus)
    place.environment["DBUS_SESSION_BUS_ADDRESS"] = "unix:path=/no/\(name)"
    for arguments in [["doctor"], ["doctor", "--json"]] {
      let out = try place.run(arguments).out
      #expect(out.contains("unix:path=/no/"))
      #expect(!out.contains(name))
    }
  }

  @Test func `doctor sends no credentials and changes nothing`() throws {
    let place = try Workplace.loggedIn()
    let (items, keys) = (try place.items(), place.kernelKeys)
    _ = try examine(place, status: 0)
    #expect(place.meti.requests.map(\.method) == ["HEAD", "HEAD"])
    #expect(place.meti.requests.allSatisfy { $0.authorization == nil && $0.bodyBytes == 0 })
    #expect(try place.items() == items)
    #expect(place.kernelKeys == keys)
    let child = try place.start("doctor")
    #expect(child.wait().status == .exit(0))
    #expect(KernelKeys.descriptions(containing: "meti-token-doctor:\(child.pid)").isEmpty)
  }

  @Test func `without a usable call there is no report`() throws {
    let place = try Workplace(.noBus)
    for extra in [["METI_API_URL": "ftp://x"], ["METI_TOKEN_CACHE": "disk"]] {
      let outcome = try place.run(["doctor", "--json"], with: extra)
      #expect(outcome.status == .exit(64))
      #expect(outcome.out == "")
    }
  }

  // MARK: Accounts

  /// The second one is the default.
  private func withTwoAccounts() throws -> Workplace {
    let place = try Workplace.loggedIn()
    place.meti.setPassword("other", for: "other@domain.com")
    try place.logIn("other@domain.com", password: "other")
    return place
  }

  private func defaultFile(_ place: Workplace) -> String {
    (place.environment["XDG_CONFIG_HOME"] ?? "") + "/meti-token/default"
  }

  @Test func `a missing account is a warning`() throws {
    let place = try Workplace()
    let report = try examine(place, status: 0)
    #expect(report.ids("warning") == ["account"])
    #expect(report.hint("account") == "log in with: meti-token login")
    let other = try examine(place, status: 0, "--account", "who@domain.com")
    #expect(other.ids("warning") == ["account"])
  }

  @Test func `the account is the selected one, else the default, else the only one`() throws {
    let place = try withTwoAccounts()
    #expect(
      try examine(place, status: 0).detail("account")
        == "other@domain.com, in the keyring")
    #expect(
      try examine(place, status: 0, "-a", METIServer.email).detail("account")
        == "\(METIServer.email), in the keyring")
    try FileManager.default.removeItem(atPath: defaultFile(place))
    let several = try examine(place, status: 0)
    #expect(several.ids("warning") == ["account"])
    #expect(several.detail("account").hasSuffix(": \(METIServer.email), other@domain.com"))
    #expect(try place.run("logout", "-a", "other@domain.com").status == .exit(0))
    #expect(
      try examine(place, status: 0).detail("account")
        == "\(METIServer.email), in the keyring")
  }

  @Test func `a default account that is not stored is a warning`() throws {
    let place = try withTwoAccounts()
    for kind in ["account", "token"] {
      let cleared = try Program("secret-tool").run(
        ["clear", "meti-kind", kind, "meti-account", "other@domain.com"],
        environment: place.environment)
      #expect(cleared.status == .exit(0))
    }
    let report = try examine(place, status: 0)
    #expect(report.ids("warning") == ["account"])
    #expect(report.detail("account").contains("other@domain.com is not stored for \(place.url)"))
  }

  @Test func `an unreadable default file is named on standard error`() throws {
    let place = try Workplace.loggedIn()
    try Data([0xFF]).write(to: URL(fileURLWithPath: defaultFile(place)))
    let outcome = try place.run("doctor")
    #expect(outcome.status == .exit(0))
    #expect(outcome.err.contains("warning: the default account is unknown: "))
    #expect(outcome.err.contains(defaultFile(place)))
  }
}

extension Workplace {
  /// METI_CA_FILE.
  fileprivate var caFile: String { environment["METI_CA_FILE"] ?? "" }
}
