import Foundation
import Glibc
import Testing

extension DoctorTests {
  @Test func `the bus is found without its variable`() throws {
    let place = try Workplace.loggedIn()
    place.environment["DBUS_SESSION_BUS_ADDRESS"] = nil
    #expect(
      try examine(place, status: 0).detail("bus")
        == "unix:path=\(place.desktop.directory.path)/run/bus, found there")
  }

  @Test func `without a bus the rest is still checked`() throws {
    let place = try Workplace(.noBus)
    let report = try examine(place, status: 69)
    #expect(report.ids("failed") == ["bus"])
    #expect(report.detail("provider") == "not checked: see bus")
    #expect(report.ids("ok") == ["kernel", "locks", "api", "clock"])
  }

  @Test func `a bus address that leads nowhere is named`() throws {
    let place = try Workplace(.noBus)
    place.environment["DBUS_SESSION_BUS_ADDRESS"] = "unix:path=/no/such/bus"
    let report = try examine(place, status: 69)
    #expect(
      report.detail("bus")
        == "the session bus unix:path=/no/such/bus, from DBUS_SESSION_BUS_ADDRESS, does not exist")
  }

  /// As with `sudo -E`.
  @Test(.enabled(if: geteuid() == 0, "only root can give a file to another user"))
  func `the bus of another user is named, and sudo as its cause`() throws {
    let place = try Workplace(.noBus)
    let socket = place.desktop.directory.path + "/theirs"
    // As a bus does with a user it does not accept.
    let script = """
      import os, socket, sys
      bus = socket.socket(socket.AF_UNIX)
      bus.bind(sys.argv[1])
      os.chown(sys.argv[1], 65534, 65534)
      bus.listen()
      print("ready", flush=True)
      while True: bus.accept()[0].close()
      """
    let bus = try Program("python3").start(["-c", script, socket], input: .open)
    defer { withExtendedLifetime(bus) {} }
    #expect(try bus.line() == "ready")
    place.environment["DBUS_SESSION_BUS_ADDRESS"] = "unix:path=\(socket)"
    let report = try examine(place, status: 69, with: ["SUDO_UID": "65534"])
    #expect(report.detail("bus").hasSuffix("belongs to another user (id 65534)"))
    #expect(report.hint("bus") == "run meti-token without sudo")
  }

  @Test func `a bus without a provider fails the check of the provider`() throws {
    let report = try examine(try Workplace(.noKeyring), status: 69)
    #expect(report.state("bus") == "ok")
    #expect(report.ids("failed") == ["provider"])
  }

  @Test func `a locked keyring is reported, its accounts counted, and no prompt opened`() throws {
    let place = try Workplace.loggedIn()
    try place.desktop.lock()
    let report = try examine(place, status: 69)
    #expect(report.ids("failed") == ["collection"])
    #expect(report.detail("collection").hasPrefix(#""Login": the keyring is locked"#))
    #expect(report.detail("collection").hasSuffix(" (1 locked account)"))
    #expect(
      report.detail("account")
        == "\(METIServer.email): the keyring cannot be read")
    #expect(report.state("credentials") == "skipped")
    let terminal = try place.sit("doctor")
    #expect(terminal.wait().status == .exit(69))
    #expect(!terminal.screen.contains("waiting for"))
  }

  @Test func `a keyring that was never unlocked is reported as locked`() throws {
    let place = try Workplace.loggedIn()
    try place.desktop.restartLocked()
    let report = try examine(place, status: 69)
    #expect(report.ids("failed") == ["collection"])
    #expect(report.detail("collection").hasSuffix(" (1 locked account)"))
  }

  @Test func `a frozen keyring does not hide the network`() throws {
    let place = try Workplace.loggedIn()
    try place.desktop.freezeKeyring()
    let report = try examine(place, status: 69, "--timeout", "3")
    #expect(report.ids("failed") == ["provider"])
    #expect(
      report.detail("provider").contains(/process \d+: the keyring does not answer$/))
    #expect(report.ids("ok").suffix(2) == ["api", "clock"])
    let outcome = try place.run("doctor", "--timeout", "2")
    #expect(outcome.isSoon)
  }

  @Test func `a rejected password is reported`() throws {
    let place = try Workplace()
    try place.logIn(password: "wrong", isVerified: false)
    #expect(try place.run().status == .exit(77))
    let report = try examine(place, status: 77)
    #expect(report.ids("failed") == ["credentials"])
    #expect(report.detail("credentials").hasPrefix("METI rejected the credentials of "))
    #expect(
      report.hint("credentials") == "log in with: meti-token login --email \(METIServer.email)")
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
    #expect(report.detail("credentials") == "a password is in METI_PASSWORD")
    #expect(report.ids("skipped") == ["bus", "provider", "collection"])
  }

  @Test func `a password file that others may read is warned of, and a missing one fails`() throws {
    let place = try server(["METI_EMAIL": METIServer.email])
    let file = try place.desktop.directory.write(METIServer.password, to: "password")
    place.environment["METI_PASSWORD_FILE"] = file
    #expect(unsafe chmod(file, 0o644) == 0)
    #expect(try examine(place, status: 0).state("credentials") == "ok")
    #expect(
      try place.run("doctor").err
        == "meti-token: warning: others may read \(file); protect it with: chmod 600\n")
    place.environment["METI_PASSWORD_FILE"] = "/no/such/file"
    #expect(
      try examine(place, status: 74).detail("credentials")
        == "cannot read /no/such/file: No such file or directory")
  }

  @Test func `a password that does not come does not hide the network`() throws {
    let place = try server(["METI_EMAIL": METIServer.email])
    let pipe = place.desktop.directory.path + "/pipe"
    #expect(unsafe mkfifo(pipe, 0o600) == 0)
    let report = try examine(
      place, status: 75, with: ["METI_PASSWORD_FILE": pipe], "--timeout", "2")
    #expect(report.detail("credentials") == "\(pipe) did not end in time")
    #expect(report.state("api") == "ok")
  }

  @Test func `a rejected password of the environment is reported`() throws {
    let place = try server(["METI_EMAIL": METIServer.email, "METI_PASSWORD": "wrong"])
    #expect(try place.run().status == .exit(77))
    #expect(
      try examine(place, status: 77).detail("credentials")
        .hasPrefix("METI rejected the credentials of \(METIServer.email) on 20"))
  }
}
