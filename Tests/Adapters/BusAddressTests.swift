import Foundation
import Glibc
import MetiToken
import Testing

@testable import Keyring

@Suite struct `The session bus` {
  private let directory: TemporaryDirectory

  init() throws { directory = try TemporaryDirectory() }

  private func address(_ variables: [String: String]) -> String? {
    BusAddress.find({ variables[$0] }, standard: directory("none"))?.text
  }

  private func listen(at path: String) throws {
    let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
    defer { close(descriptor) }
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    unsafe withUnsafeMutableBytes(of: &address.sun_path) { unsafe $0.copyBytes(from: path.utf8) }
    let status = unsafe withUnsafePointer(to: &address) { pointer in
      unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        unsafe bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
      }
    }
    try #require(status == 0)
  }

  @Test func `is where the environment says`() {
    let found = BusAddress.find {
      $0 == "DBUS_SESSION_BUS_ADDRESS" ? "unix:path=/x,guid=1" : nil
    }
    #expect(found?.text == "unix:path=/x,guid=1")
    #expect(found?.isFromEnvironment == true)
  }

  @Test(arguments: [nil, ""])
  func `is the socket in the runtime directory`(_ variable: String?) throws {
    try listen(at: directory("bus"))
    let directory = directory
    let found = BusAddress.find {
      switch $0 {
      case "DBUS_SESSION_BUS_ADDRESS": variable
      case "XDG_RUNTIME_DIR": directory.path
      default: nil
      }
    }
    #expect(found == BusAddress(text: "unix:path=\(directory("bus"))", isFromEnvironment: false))
  }

  @Test func `is where the environment says before the runtime directory`() throws {
    try listen(at: directory("bus"))
    let variables = ["XDG_RUNTIME_DIR": directory.path, "DBUS_SESSION_BUS_ADDRESS": "tcp:host=h"]
    #expect(address(variables) == "tcp:host=h")
  }

  @Test(arguments: ["autolaunch:", "autolaunch:scope=install-path", "autolaunch:;autolaunch:"])
  func `is never started by us`(_ value: String) {
    #expect(address(["DBUS_SESSION_BUS_ADDRESS": value]) == nil)
  }

  @Test(arguments: [
    "unix:path=/x;autolaunch:", "autolaunch:;unix:path=/x", ";unix:path=/x;",
    "autolaunch:scope=user;unix:path=/x;autolaunch:",
  ])
  func `is one of several addresses, without those that would start one`(_ value: String) {
    #expect(address(["DBUS_SESSION_BUS_ADDRESS": value]) == "unix:path=/x")
  }

  @Test func `is written as D-Bus writes addresses`() throws {
    try directory.make("a b,c;d=é%~")
    try listen(at: directory("a b,c;d=é%~/bus"))
    #expect(
      address(["XDG_RUNTIME_DIR": directory("a b,c;d=é%~")])
        == "unix:path=\(directory.path)/a%20b%2Cc%3Bd%3D%C3%A9%25%7E/bus")
  }

  @Test func `is none if there is no socket`() throws {
    #expect(address([:]) == nil)
    #expect(address(["XDG_RUNTIME_DIR": directory.path]) == nil)
    try directory.write([], to: "bus")
    #expect(address(["XDG_RUNTIME_DIR": directory.path]) == nil)
  }

  @Test(arguments: ["", ".", "run"])
  func `is not looked for by a relative path`(_ path: String) {
    #expect(address(["XDG_RUNTIME_DIR": path]) == nil)
  }

  @Test func `is the socket in the standard directory if no variable is set`() throws {
    try listen(at: directory("bus"))
    #expect(
      BusAddress.find({ _ in nil }, standard: directory.path)
        == BusAddress(text: "unix:path=\(directory("bus"))", isFromEnvironment: false))
  }

  @Test func `has an owner, found by its path`() throws {
    try listen(at: "\(directory.path)/a b")
    let path = directory.path.replacingOccurrences(of: "-", with: "%2d")
    #expect(BusAddress(text: "unix:path=\(path)/a%20b,guid=1;unix:path=/x").owner == geteuid())
  }

  @Test(arguments: [
    "", "unix:", "unix:path=/no/such", "unix:abstract=/x", "tcp:host=127.0.0.1,port=1",
  ])
  func `has no owner if its address has no path`(address: String) {
    #expect(BusAddress(text: address).owner == nil)
  }

  private func trouble(_ address: String) -> BusTrouble? {
    let kind = kind {
      _ = try Stores(BusAddress(text: address)).store().token(of: .ours) == nil
    }
    guard case .noBus(let trouble)? = kind else { return nil }
    return trouble
  }

  @Test func `is gone if its socket does not exist`() {
    let address = "unix:path=\(directory("bus"))"
    #expect(
      trouble(address) == BusTrouble(.gone, address: address, isFromEnvironment: true))
  }

  @Test func `refuses if nobody listens on its socket`() throws {
    try listen(at: directory("bus"))
    #expect(trouble("unix:path=\(directory("bus"))")?.reason == .refused)
  }

  @Test(arguments: ["/dev/null", "nonsense", "unix:", "disabled:"])
  func `has no fallback for an address that is none`(address: String) {
    #expect(trouble(address)?.reason == .other)
  }

  @Test func `is another user's if that user owns the socket`() {
    #expect(
      BusAddress(text: "unix:path=/").trouble(.other).reason
        == (geteuid() == 0 ? .other : .otherUser(0)))
  }

  @Test func `is full if it accepts no more connections`() throws {
    let path = directory("bus")
    try directory.write(
      Array(
        """
        <busconfig><listen>unix:path=\(path)</listen><policy context="default"/>
        <limit name="max_connections_per_user">0</limit></busconfig>
        """.utf8), to: "bus.conf")
    let daemon = Process()
    daemon.executableURL = URL(filePath: "/usr/bin/dbus-daemon")
    daemon.arguments = ["--config-file=\(directory("bus.conf"))", "--nofork", "--nopidfile"]
    daemon.standardError = FileHandle.nullDevice
    try daemon.run()
    defer {
      kill(daemon.processIdentifier, SIGKILL)
      daemon.waitUntilExit()
    }
    for _ in 0..<500 where !FileManager.default.fileExists(atPath: path) { usleep(10_000) }
    #expect(trouble("unix:path=\(path)")?.reason == .full)
  }
}
