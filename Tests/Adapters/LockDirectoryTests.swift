import FileLock
import Foundation
import Glibc
import Testing

private let hasRuntimeDirectory = FileManager.default.fileExists(
  atPath: "/run/user/\(geteuid())")

@Suite struct `The directory for locks` {
  private let directory: TemporaryDirectory

  init() throws { directory = try TemporaryDirectory() }

  private func find(_ variables: [String: String], home: String? = nil) -> String? {
    all(variables, home: home).first { _ in true }
  }

  private func all(_ variables: [String: String], home: String? = nil) -> AnySequence<String> {
    LockDirectory.all({ variables[$0] }, home: { home })
  }

  private func mode(_ path: String) throws -> Int? {
    try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
  }

  @Test func `is made in the runtime directory, closed to all others`() throws {
    #expect(find(["XDG_RUNTIME_DIR": directory.path]) == directory("meti-token"))
    #expect(try mode(directory("meti-token")) == 0o700)
  }

  @Test func `is the same at the next call`() {
    _ = find(["XDG_RUNTIME_DIR": directory.path])
    #expect(find(["XDG_RUNTIME_DIR": directory.path]) == directory("meti-token"))
  }

  @Test func `is in the runtime directory before the cache directory`() throws {
    try directory.make("run")
    try directory.make("cache")
    let variables = ["XDG_RUNTIME_DIR": directory("run"), "XDG_CACHE_HOME": directory("cache")]
    #expect(find(variables) == directory("run/meti-token"))
  }

  @Test(.enabled(if: !hasRuntimeDirectory, "this machine has /run/user/UID"))
  func `is in the cache directory where there is no runtime directory`() throws {
    let variables = [
      "XDG_RUNTIME_DIR": "/nonexistent", "XDG_CACHE_HOME": directory.path, "HOME": "/nonexistent",
    ]
    #expect(find(variables) == directory("meti-token"))
  }

  @Test(.enabled(if: !hasRuntimeDirectory, "this machine has /run/user/UID"))
  func `is in a cache directory that is made at home`() throws {
    #expect(find(["HOME": directory.path]) == directory(".cache/meti-token"))
    #expect(try mode(directory(".cache")) == 0o700)
  }

  @Test(.enabled(if: !hasRuntimeDirectory, "this machine has /run/user/UID"))
  func `is none where there is nowhere to put it`() {
    #expect(find([:]) == nil)
    #expect(find(["HOME": "/nonexistent", "XDG_CACHE_HOME": ""]) == nil)
  }

  @Test(arguments: ["STATE_DIRECTORY", "CACHE_DIRECTORY", "RUNTIME_DIRECTORY"])
  func `may be in a directory that systemd gives a service`(_ variable: String) throws {
    try directory.make("b")
    let variables = [
      "XDG_RUNTIME_DIR": "/nonexistent", variable: "\(directory("a")):\(directory("b"))",
    ]
    #expect(Array(all(variables)).last == directory("b/meti-token"))
    #expect(try mode(directory("b/meti-token")) == 0o700)
  }

  @Test func `is made when it is come to, one after the other`() throws {
    for name in ["run", "cache", "home", "state"] { try directory.make(name) }
    let variables = [
      "XDG_RUNTIME_DIR": directory("run"), "XDG_CACHE_HOME": directory("cache"),
      "HOME": directory("home"), "STATE_DIRECTORY": directory("state"),
    ]
    #expect(find(variables) == directory("run/meti-token"))
    #expect(try directory.names("cache") + directory.names("home") == [])
    #expect(
      all(variables).filter { $0.hasPrefix(directory.path) }
        == ["run", "cache", "home/.cache", "state"].map { directory("\($0)/meti-token") })
  }

  @Test func `is in the home that the user database has where the environment has none`() throws {
    #expect(Array(all([:], home: directory.path)).last == directory(".cache/meti-token"))
    try directory.make("other")
    #expect(
      Array(all(["HOME": directory("other")], home: directory.path)).last
        == directory("other/.cache/meti-token"))
  }

  @Test func `is this user's home in the user database`() throws {
    #expect(LockDirectory.userHome == NSHomeDirectoryForUser(NSUserName()))
  }

  @Test(arguments: ["", "run", "./run", "../run", "~"])
  func `is not looked for by a relative path`(_ path: String) {
    #expect(find(["XDG_RUNTIME_DIR": path]) != "\(path)/meti-token")
  }

  @Test(arguments: [0o755, 0o750, 0o701, 0o770, 0o777])
  func `is not one that is open to others`(_ mode: Int) throws {
    try directory.make("meti-token", mode: mode)
    #expect(find(["XDG_RUNTIME_DIR": directory.path]) != directory("meti-token"))
  }

  @Test func `is not a symbolic link`() throws {
    try directory.make("elsewhere")
    try directory.link("meti-token", to: directory("elsewhere"))
    #expect(find(["XDG_RUNTIME_DIR": directory.path]) != directory("meti-token"))
  }

  @Test func `is not a file`() throws {
    try directory.write([], to: "meti-token")
    #expect(find(["XDG_RUNTIME_DIR": directory.path]) != directory("meti-token"))
  }

  @Test(.enabled(if: geteuid() == 0, "only root can give a directory away"))
  func `is not another user's`() throws {
    try directory.make("meti-token", owner: 65534)
    #expect(find(["XDG_RUNTIME_DIR": directory.path]) != directory("meti-token"))
  }

  @Test(.enabled(if: geteuid() == 0, "only root can give a directory away"))
  func `is not made in another user's runtime directory`() throws {
    try directory.make("run", owner: 65534)
    #expect(find(["XDG_RUNTIME_DIR": directory("run")]) != directory("run/meti-token"))
    #expect(!FileManager.default.fileExists(atPath: directory("run/meti-token")))
  }
}
