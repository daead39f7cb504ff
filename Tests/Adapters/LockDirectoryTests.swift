import Foundation
import Glibc
import System
import Testing

@Suite struct `The directory for locks` {
  private let directory: TemporaryDirectory

  init() throws { directory = try TemporaryDirectory() }

  /// Without the machine's own runtime directory.
  private func find(_ variables: [String: String]) -> String? {
    LockDirectory.find({ variables[$0] }, userRuntime: directory("user"))
  }

  @Test func `is made in the runtime directory, closed to all others`() throws {
    #expect(find(["XDG_RUNTIME_DIR": directory.path]) == directory("meti-token"))
    #expect(try directory.mode("meti-token") == 0o700)
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

  @Test func `is in the cache directory without a runtime directory`() throws {
    let variables = [
      "XDG_RUNTIME_DIR": "/nonexistent", "XDG_CACHE_HOME": directory.path, "HOME": "/nonexistent",
    ]
    #expect(find(variables) == directory("meti-token"))
  }

  @Test func `is in a cache directory that is made at home`() throws {
    #expect(find(["HOME": directory.path]) == directory(".cache/meti-token"))
    #expect(try directory.mode(".cache") == 0o700)
  }

  @Test func `is none if no place is usable`() {
    #expect(find([:]) == nil)
    #expect(find(["HOME": "/nonexistent", "XDG_CACHE_HOME": ""]) == nil)
  }

  @Test(arguments: ["STATE_DIRECTORY", "CACHE_DIRECTORY", "RUNTIME_DIRECTORY"])
  func `may be in a directory that systemd gives a service`(_ variable: String) throws {
    try directory.make("b")
    let variables = [
      "XDG_RUNTIME_DIR": "/nonexistent", variable: "\(directory("a")):\(directory("b"))",
    ]
    #expect(find(variables) == directory("b/meti-token"))
    #expect(try directory.mode("b/meti-token") == 0o700)
  }

  @Test func `is made when the ones before it are not usable`() throws {
    for name in ["run", "cache", "home", "state"] { try directory.make(name) }
    let variables = [
      "XDG_RUNTIME_DIR": directory("run"), "XDG_CACHE_HOME": directory("cache"),
      "HOME": directory("home"), "STATE_DIRECTORY": directory("state"),
    ]
    let places = ["run", "cache", "home/.cache", "state"]
    for (index, place) in places.enumerated() {
      #expect(find(variables) == directory("\(place)/meti-token"))
      for later in places[(index + 1)...] {
        #expect(!FileManager.default.fileExists(atPath: directory("\(later)/meti-token")))
      }
      #expect(unsafe chmod(directory("\(place)/meti-token"), 0o755) == 0)
    }
  }

  @Test func `is in the runtime directory of the user if the environment names none`() throws {
    try directory.make("user")
    try directory.make("user/\(geteuid())")
    #expect(find([:]) == directory("user/\(geteuid())/meti-token"))
  }

  @Test func `can be entered by its owner, whatever the umask`() throws {
    let directory = directory
    try withUmask(0o777) {
      let variables = ["HOME": directory.path]
      _ = LockDirectory.find({ variables[$0] }, userRuntime: "/nonexistent")
    }
    #expect(try directory.mode(".cache") == 0o700)
    #expect(try directory.mode(".cache/meti-token") == 0o700)
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
