import FileLock
import Foundation
import Glibc
import Testing

private let hasRuntimeDirectory = FileManager.default.fileExists(
  atPath: "/run/user/\(geteuid())")

@Suite struct `The directory for locks` {
  private let directory: TemporaryDirectory

  init() throws { directory = try TemporaryDirectory() }

  private func find(_ variables: [String: String]) -> String? {
    LockDirectory.find { variables[$0] }
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
