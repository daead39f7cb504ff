import Foundation
import Glibc
import Testing

extension DoctorTests {
  // MARK: The machine

  @Test func `a kernel cache that is turned off is named`() throws {
    let place = try Workplace.loggedIn()
    let report = try examine(place, status: 0, with: ["METI_TOKEN_CACHE": "keyring"])
    #expect(report.state("kernel") == "ok")
    #expect(report.detail("kernel") == "turned off by METI_TOKEN_CACHE")
  }

  @Test func `a forbidden kernel keyring is a warning that says how to allow it`() throws {
    let place = try Workplace.loggedIn()
    let outcome = try place.run(["doctor", "--json"], refusing: .keys)
    #expect(outcome.status == .exit(0), "\(outcome)")
    let report = try JSONDecoder().decode(Report.self, from: Data(outcome.stdout))
    #expect(report.ids("warning") == ["kernel"])
    #expect(report.detail("kernel") == "the kernel stores no key: Operation not permitted")
    #expect(report.hint("kernel").hasPrefix("allow add_key and keyctl"))
  }

  @Test func `a back-off is a warning`() throws {
    let place = try Workplace.loggedIn()
    place.meti.defaultAnswer = .status(503, headers: [("Retry-After", "300")])
    #expect(try place.run("-f", "--timeout", "2").status == .exit(75))
    let report = try examine(place, status: 0)
    #expect(report.ids("warning") == ["locks"])
    #expect(report.detail("locks").hasPrefix("no request to METI for "))
  }

  // MARK: The network

  @Test func `a METI that is down is reported`() throws {
    let place = try Workplace.loggedIn()
    place.meti.stopListening()
    let report = try examine(place, status: 75)
    #expect(report.ids("failed") == ["api"])
    #expect(report.detail("api").hasPrefix("cannot reach \(place.url): Connection refused"))
    #expect(
      report.hint("api")
        == "check the network, the proxy and METI_CA_FILE; compare with: curl -I \(place.url)")
    #expect(report.state("clock") == "skipped")
  }

  @Test func `a certificate of an untrusted authority is reported`() throws {
    let place = try Workplace(.noBus, .unknown)
    let report = try examine(place, status: 69)
    #expect(report.ids("failed") == ["bus", "api"])
    #expect(report.detail("api").contains("certificate"))
    #expect(report.hint("api").contains("METI_CA_FILE"))
  }

  @Test func `an unreadable CA file is named`() throws {
    let place = try Workplace.loggedIn()
    let report = try examine(place, status: 75, with: ["METI_CA_FILE": "/no/such/file"])
    #expect(report.ids("failed") == ["api"])
    #expect(report.detail("api").contains("/no/such/file"))
  }

  /// The value of the variable, and how it is shown.
  @Test(arguments: [
    ("http://127.0.0.1:1", "http://127.0.0.1:1"),
    ("http://user:pa55word@127.0.0.1:1/", "http://***@127.0.0.1:1/"),
    ("user:pa55word@127.0.0.1:1", "***@127.0.0.1:1"),
    ("socks5h://user:pa55@word@127.0.0.1:1", "socks5h://***@127.0.0.1:1"),
    ("http://user:pa55/word@127.0.0.1:1", "http://***@127.0.0.1:1"),
    ("http://user:a://pa55@127.0.0.1:1", "http://***@127.0.0.1:1"),
  ])
  func `a proxy is shown without its password`(url: String, shown: String) throws {
    let place = try Workplace(.noBus)
    place.environment["HTTPS_PROXY"] = url
    let report = try examine(place, status: 69)
    #expect(report.detail("api").contains("; proxy \(shown) from HTTPS_PROXY"))
    for arguments in [["doctor", "-v"], ["doctor", "--json", "-v"]] {
      let outcome = try place.run(arguments)
      #expect(!(outcome.out + outcome.err).contains("pa55"))
    }
  }

  @Test func `the proxy is the first variable that libcurl takes`() throws {
    let place = try Workplace(.noBus)
    let names = ["https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"]
    for name in names { place.environment[name] = "http://127.0.0.1:1" }
    place.environment["NO_PROXY"] = "127.0.0.1"
    for name in names {
      let detail = try examine(place, status: 69).detail("api")
      #expect(detail.contains("; proxy http://127.0.0.1:1 from \(name), not for 127.0.0.1"))
      place.environment[name] = ""
    }
    #expect(try !examine(place, status: 69).detail("api").contains("proxy"))
  }

  @Test func `plain http to this machine has no certificate`() throws {
    let report = try examine(try Workplace(.unlocked, .plain), status: 0)
    #expect(report.detail("api").hasSuffix(" ms"))
  }

  @Test(arguments: [
    (20, "agrees with"), (-20, "agrees with"), (3620, "1 hour behind"), (-3620, "1 hour ahead of"),
  ])
  func `a clock that differs from METI's is reported`(seconds: Int, words: String) throws {
    let place = try Workplace.loggedIn()
    place.meti.clockOffset = Double(seconds)
    let report = try examine(place, status: 0)
    #expect(report.state("clock") == (abs(seconds) == 20 ? "ok" : "warning"))
    #expect(report.detail("clock") == "\(words) METI's clock")
  }

  @Test func `the token endpoint of an OAuth client is checked as well`() throws {
    let other = try METIServer()
    let place = try Workplace(.noBus)
    let variables = [
      "METI_CLIENT_ID": METIServer.clientID, "METI_CLIENT_SECRET": METIServer.clientSecret,
      "METI_TOKEN_URL": "\(other.url)/oauth/token", "METI_AUDIENCE": "https://domain.com",
    ]
    place.environment.merge(variables) { $1 }
    let report = try examine(place, status: 0)
    #expect(report.checks.last?.id == "token_url")
    #expect(report.detail("token_url").hasPrefix("\(other.url) answers, HTTP 405"))
    other.meti.stopListening()
    #expect(try examine(place, status: 75).ids("failed") == ["token_url"])
    place.environment["METI_AUDIENCE"] = nil
    #expect(try place.run("doctor").status == .exit(64))
  }
}
