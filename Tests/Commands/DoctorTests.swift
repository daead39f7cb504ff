import Foundation
import Glibc
import Testing

@Suite("Looking for what is wrong", .manyAtOnce)
struct DoctorTests {
  /// The report in JSON, which must hold no secret and a hint for all that is not well.
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

  /// Runs it both ways, and checks what holds for every report.
  func examine(
    _ place: Workplace, status: Int32, with extra: [String: String] = [:], _ arguments: String...
  ) throws -> Report {
    let outcome = try place.run(["doctor", "--json"] + arguments, with: extra)
    #expect(outcome.status == .exit(status), "\(outcome)")
    let report = try JSONDecoder().decode(Report.self, from: Data(outcome.stdout))
    #expect(report.apiURL == place.url)
    for check in report.checks {
      #expect((check.state == "ok") == (check.hint == nil), "\(check)")
      #expect(check.hint != "", "\(check)")
    }
    let failed = report.ids("failed")
    #expect(failed.isEmpty == (status == 0))
    let error = "meti-token: error: not all is well: \(failed.joined(separator: ", "))\n"
    #expect(outcome.err == (status == 0 ? "" : error))

    let spoken = try place.run(["doctor", "--verbose"] + arguments, with: extra)
    #expect(spoken.status == .exit(status))
    for text in [outcome.out, outcome.err, spoken.out, spoken.err] {
      for secret in [METIServer.password, METIServer.clientSecret, place.lastToken]
      where !secret.isEmpty {
        #expect(!text.contains(secret))
      }
    }
    for check in report.checks { #expect(spoken.out.contains(" \(check.id) ")) }
    return report
  }

  // MARK: All is well

  @Test func `a healthy place is told as such`() throws {
    let place = try Workplace.loggedIn()
    let report = try examine(place, status: 0)
    #expect(report.ids("ok") == report.checks.map(\.id))
    #expect(report.detail("account") == "\(METIServer.email), the only one, in the keyring")
    let bus = place.environment["DBUS_SESSION_BUS_ADDRESS"]?.parted(at: ",").before ?? "?"
    #expect(report.detail("bus") == "\(bus), from DBUS_SESSION_BUS_ADDRESS")
    #expect(report.detail("provider").contains(/^gnome-keyring-daemon \d+\.\S+, process \d+$/))
    #expect(report.detail("collection") == #""Login", unlocked"#)
    #expect(report.detail("items") == "1 account, 1 token, 1 default")
    #expect(
      report.detail("kernel")
        == "works; a token of \(METIServer.email) is in it, valid for 59 minutes")
    #expect(report.detail("proxy") == "none")
    #expect(report.detail("ca").hasSuffix("/ca.pem, from METI_CA_FILE"))
    #expect(report.detail("api").hasPrefix("\(place.url) answers, HTTP 404, after "))
    #expect(report.detail("certificate").contains("of meti-token test server, by meti-token test"))
    #expect(report.detail("clock") == "agrees with METI's to the second")
  }

  @Test func `a person reads the same, in columns`() throws {
    let place = try Workplace.loggedIn()
    let outcome = try place.run("doctor")
    #expect(outcome.status == .exit(0))
    #expect(outcome.err == "")
    #expect(outcome.out.contains("\nok       items        1 account, 1 token, 1 default\n"))
    #expect(outcome.out.hasSuffix("\n\nAll is well.\n"))
  }

  @Test func `it sends no credentials and changes nothing`() throws {
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

  @Test func `with nothing stored it says to log in, which is no illness`() throws {
    let place = try Workplace()
    let report = try examine(place, status: 0)
    #expect(report.ids("warning") == ["account"])
    #expect(report.hint("account") == "log in with: meti-token login")
    let other = try examine(place, status: 0, "--account", "who@domain.com")
    #expect(other.ids("warning") == ["account"])
  }

  @Test func `the bus is found where the variable is missing`() throws {
    let place = try Workplace.loggedIn()
    place.environment["DBUS_SESSION_BUS_ADDRESS"] = nil
    #expect(
      try examine(place, status: 0).detail("bus")
        == "unix:path=\(place.desktop.directory.path)/run/bus, found there, as "
        + "DBUS_SESSION_BUS_ADDRESS is not set")
  }

  // MARK: The keyring

  @Test func `without a bus the rest is still looked at`() throws {
    let place = try Workplace(.noBus)
    let report = try examine(place, status: 69)
    #expect(report.ids("failed") == ["bus"])
    #expect(report.hint("provider") == "see bus")
    #expect(report.state("api") == "ok")
    #expect(report.state("kernel") == "ok")
  }

  @Test func `a bus address that leads nowhere is shown`() throws {
    let place = try Workplace(.noBus)
    place.environment["DBUS_SESSION_BUS_ADDRESS"] = "unix:path=/no/such/bus"
    let report = try examine(place, status: 69)
    #expect(
      report.detail("bus")
        == "cannot be used: unix:path=/no/such/bus, from DBUS_SESSION_BUS_ADDRESS")
  }

  /// What `sudo -E` leads to.
  @Test(.enabled(if: geteuid() == 0, "only root can give a file to somebody else"))
  func `a bus of another user is told`() throws {
    let place = try Workplace(.noBus)
    let socket = place.desktop.directory.path + "/theirs"
    let script = "import socket, sys; socket.socket(socket.AF_UNIX).bind(sys.argv[1])"
    #expect(try Program("python3").run(["-c", script, socket]).status == .exit(0))
    #expect(unsafe chown(socket, 65534, 65534) == 0)
    place.environment["DBUS_SESSION_BUS_ADDRESS"] = "unix:path=\(socket)"
    #expect(
      try examine(place, status: 69).hint("bus")
        == "it is another user's (id 65534): run meti-token as that user, without sudo")
  }

  @Test func `a bus without a provider is told from no bus`() throws {
    let report = try examine(try Workplace(.noKeyring), status: 69)
    #expect(report.state("bus") == "ok")
    #expect(report.ids("failed") == ["provider"])
  }

  @Test func `a locked keyring is told, and nobody is asked to unlock it`() throws {
    let place = try Workplace.loggedIn()
    try place.desktop.lock()
    let report = try examine(place, status: 69)
    #expect(report.ids("failed") == ["collection"])
    #expect(report.detail("collection") == #""Login" is locked"#)
    #expect(report.detail("items") == "1 account, 1 token, 1 default, 3 of them locked")
    #expect(report.state("password") == "skipped")
    let terminal = try place.sit("doctor")
    #expect(terminal.wait().status == .exit(69))
    #expect(!terminal.screen.contains("waiting for"))
  }

  @Test func `a frozen keyring does not hide the network`() throws {
    let place = try Workplace.loggedIn()
    try place.desktop.freezeKeyring()
    let report = try examine(place, status: 69, "--timeout", "3")
    #expect(report.ids("failed") == ["collection"])
    #expect(report.detail("collection") == "the keyring does not answer")
    #expect(report.ids("ok").suffix(5) == ["proxy", "ca", "api", "certificate", "clock"])
    let outcome = try place.run("doctor", "--timeout", "2")
    #expect(outcome.isSoon)
  }

  @Test func `a refused password is told`() throws {
    let place = try Workplace()
    try place.logIn(password: "wrong", isVerified: false)
    #expect(try place.run().status == .exit(77))
    let report = try examine(place, status: 77)
    #expect(report.detail("password").hasPrefix("METI refused the stored password on 20"))
    #expect(report.hint("password") == "log in again with: meti-token login")
  }

  // MARK: The machine

  @Test func `a kernel tier that is switched off is told, and what is left in it`() throws {
    let place = try Workplace.loggedIn()
    let off = ["METI_TOKEN_CACHE": "keyring"]
    let report = try examine(place, status: 0, with: off)
    #expect(report.ids("warning") == ["kernel"])
    #expect(report.detail("kernel").hasPrefix("switched off by METI_TOKEN_CACHE, yet a token of "))
    place.dropKernelKeys()
    let clean = try examine(place, status: 0, with: off)
    #expect(clean.detail("kernel") == "switched off by METI_TOKEN_CACHE")
  }

  @Test func `a kernel tier that is forbidden is told, and how to allow it`() throws {
    let place = try Workplace.loggedIn()
    // What Docker's default profile does (seccomp(2)): both calls fail with EPERM.
    let confined = """
      import ctypes, os, platform, struct, sys
      numbers = {"x86_64": (248, 250), "aarch64": (217, 219)}[platform.machine()]
      load, jump, ret = 0x20, 0x15, 0x06
      code = [(load, 0, 0, 0), (jump, 1, 0, numbers[0]), (jump, 0, 1, numbers[1]),
              (ret, 0, 0, 0x00050001), (ret, 0, 0, 0x7FFF0000)]
      text = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *c) for c in code))
      program = struct.pack("HxxxxxxP", len(code), ctypes.addressof(text))
      prctl = ctypes.CDLL(None, use_errno=True).prctl
      assert prctl(38, 1, 0, 0, 0) == 0
      assert prctl(22, 2, ctypes.c_char_p(program), 0, 0) == 0
      os.execv(sys.argv[1], sys.argv[1:])
      """
    let outcome = try Program("python3").run(
      ["-c", confined, Program.cli.path, "doctor", "--json"], environment: place.environment)
    #expect(outcome.status == .exit(0), "\(outcome)")
    let report = try JSONDecoder().decode(Report.self, from: Data(outcome.stdout))
    #expect(report.ids("warning") == ["kernel"])
    #expect(report.detail("kernel") == "add_key is refused: Operation not permitted")
    #expect(report.hint("kernel").hasPrefix("allow add_key and keyctl in the container"))
  }

  @Test func `a pause that METI is left is told`() throws {
    let place = try Workplace.loggedIn()
    place.meti.defaultAnswer = .status(503, headers: [("Retry-After", "300")])
    #expect(try place.run("-f", "--timeout", "2").status == .exit(75))
    let report = try examine(place, status: 0)
    #expect(report.ids("warning") == ["pause"])
    #expect(report.detail("pause").contains("METI is in trouble (503)"))
  }

  @Test func `a runtime directory that is not there is told`() throws {
    let place = try Workplace.loggedIn()
    let report = try examine(place, status: 0, with: ["XDG_RUNTIME_DIR": "/no/such/directory"])
    #expect(report.state("locks") == "warning")
  }

  // MARK: The network

  @Test func `a METI that is down is told`() throws {
    let place = try Workplace.loggedIn()
    place.meti.stopListening()
    let report = try examine(place, status: 75)
    #expect(report.ids("failed") == ["api"])
    #expect(report.detail("api") == "cannot reach \(place.url): connection refused")
    #expect(report.hint("api") == "check the network, then: curl -I \(place.url)")
  }

  @Test func `a certificate of an authority that is not trusted is told`() throws {
    let place = try Workplace(.noBus, .unknown)
    let report = try examine(place, status: 69)
    #expect(report.ids("failed") == ["bus", "api"])
    #expect(report.detail("api").contains("its certificate is from an issuer that is not trusted"))
    #expect(report.hint("api").contains("METI_CA_FILE"))
  }

  @Test func `a CA file that cannot be read is named`() throws {
    let place = try Workplace.loggedIn()
    let report = try examine(place, status: 75, with: ["METI_CA_FILE": "/no/such/file"])
    #expect(report.ids("failed") == ["ca", "api"])
    #expect(report.detail("ca") == "/no/such/file, from METI_CA_FILE: No such file or directory")
  }

  @Test func `a proxy is shown without its password`() throws {
    let place = try Workplace.loggedIn()
    let proxy = "http://somebody:pa55word@127.0.0.1:1"
    let report = try examine(place, status: 75, with: ["HTTPS_PROXY": proxy])
    #expect(report.detail("proxy") == "http://***@127.0.0.1:1, from HTTPS_PROXY")
    #expect(report.detail("api").contains("the proxy"))
    for arguments in [["-v"], ["--json", "-v"]] {
      let outcome = try place.run(["doctor"] + arguments, with: ["HTTPS_PROXY": proxy])
      #expect(!(outcome.out + outcome.err).contains("pa55word"))
    }
  }

  @Test func `plain http to this machine needs no certificate`() throws {
    let report = try examine(try Workplace(.unlocked, .plain), status: 0)
    #expect(report.detail("certificate") == "none: it is this machine, over plain http")
  }

  @Test func `a clock that differs from METI's is told`() throws {
    let place = try Workplace.loggedIn()
    place.meti.clockOffset = -100
    let warned = try examine(place, status: 0)
    #expect(warned.ids("warning") == ["clock"])
    #expect(warned.detail("clock").contains(" ahead of METI's"))
    place.meti.clockOffset = 3600
    let report = try examine(place, status: 75)
    #expect(report.ids("failed") == ["clock"])
    #expect(report.detail("clock").contains(" behind METI's"))
  }

  // MARK: Servers

  private func server(_ variables: [String: String]) throws -> Workplace {
    let place = try Workplace(.noBus)
    place.environment.merge(variables) { $1 }
    return place
  }

  @Test func `an account of the environment needs no keyring`() throws {
    let place = try server([
      "METI_EMAIL": METIServer.email, "METI_PASSWORD": METIServer.password,
    ])
    let report = try examine(place, status: 0)
    #expect(report.detail("account") == "\(METIServer.email), from the environment")
    #expect(report.detail("password") == "in METI_PASSWORD")
    #expect(report.ids("skipped") == ["bus", "provider", "collection", "items", "session"])
  }

  @Test func `a password file that others may read is warned of`() throws {
    let place = try server(["METI_EMAIL": METIServer.email])
    let file = try place.desktop.directory.write(METIServer.password, to: "password")
    place.environment["METI_PASSWORD_FILE"] = file
    #expect(try examine(place, status: 0).ids("warning") == [])
    #expect(unsafe chmod(file, 0o644) == 0)
    let report = try examine(place, status: 0)
    #expect(report.ids("warning") == ["password"])
    #expect(report.hint("password") == "chmod 600 \(file)")
    place.environment["METI_PASSWORD_FILE"] = "/no/such/file"
    #expect(
      try examine(place, status: 74).detail("password")
        == "cannot read /no/such/file: No such file or directory")
  }

  @Test func `a password of the environment that METI refused is told`() throws {
    let place = try server(["METI_EMAIL": METIServer.email, "METI_PASSWORD": "wrong"])
    #expect(try place.run().status == .exit(77))
    #expect(
      try examine(place, status: 77).detail("password")
        .hasPrefix("METI refused the one in METI_PASSWORD on 20"))
  }

  @Test func `a client's token endpoint is visited as well`() throws {
    let other = try METIServer()
    let place = try server([
      "METI_CLIENT_ID": METIServer.clientID, "METI_CLIENT_SECRET": METIServer.clientSecret,
      "METI_TOKEN_URL": "\(other.url)/oauth/token", "METI_AUDIENCE": "https://domain.com",
    ])
    #expect(
      try examine(place, status: 0).detail("token_url").hasPrefix("\(other.url) answers, HTTP 405"))
    other.meti.stopListening()
    #expect(try examine(place, status: 75).ids("failed") == ["token_url"])
    place.environment["METI_AUDIENCE"] = nil
    #expect(try examine(place, status: 64).ids("failed") == ["account"])
  }

  @Test func `without sense in the call there is no report`() throws {
    let place = try Workplace(.noBus)
    for extra in [["METI_API_URL": "ftp://x"], ["METI_TOKEN_CACHE": "disk"]] {
      let outcome = try place.run(["doctor", "--json"], with: extra)
      #expect(outcome.status == .exit(64))
      #expect(outcome.out == "")
    }
  }
}
