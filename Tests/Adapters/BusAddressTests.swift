import Foundation
import Glibc
import Keyring
import Testing

private let hasBus = FileManager.default.fileExists(atPath: "/run/user/\(geteuid())/bus")

@Suite struct `The session bus` {
  private let directory: TemporaryDirectory

  init() throws { directory = try TemporaryDirectory() }

  private func address(_ variables: [String: String]) -> String? {
    BusAddress.find { variables[$0] }?.address
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
    #expect(found?.address == "unix:path=/x,guid=1")
    #expect(found?.source == .environment)
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
    #expect(found?.address == "unix:path=\(directory("bus"))")
    #expect(found?.source == .runtimeDirectory(path: directory("bus")))
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
        == "unix:path=\(directory.path)/a%20b%2cc%3bd%3d%c3%a9%25%7e/bus")
  }

  @Test(.enabled(if: !hasBus, "this machine has a bus in /run/user/UID"))
  func `is none where there is no socket`() throws {
    #expect(address([:]) == nil)
    #expect(address(["XDG_RUNTIME_DIR": directory.path]) == nil)
    try directory.write([], to: "bus")
    #expect(address(["XDG_RUNTIME_DIR": directory.path]) == nil)
  }

  @Test(arguments: ["", ".", "run"])
  func `is not looked for by a relative path`(_ path: String) {
    let found = address(["XDG_RUNTIME_DIR": path])
    #expect(found == nil || found == "unix:path=/run/user/\(geteuid())/bus")
  }

  @Test func `has an owner, found by its path`() throws {
    try listen(at: "\(directory.path)/a b")
    let path = directory.path.replacingOccurrences(of: "-", with: "%2d")
    #expect(BusAddress.owner(of: "unix:path=\(path)/a%20b,guid=1;unix:path=/x") == geteuid())
  }

  @Test(arguments: [
    "", "unix:", "unix:path=/no/such", "unix:abstract=/x", "tcp:host=127.0.0.1,port=1",
  ])
  func `has no owner where there is no path to it`(address: String) {
    #expect(BusAddress.owner(of: address) == nil)
  }
}
