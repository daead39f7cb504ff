import Foundation
import Glibc
import MetiToken
import System
import Testing

@Suite struct `The file of the default accounts` {
  private let directory: TemporaryDirectory
  private let file: DefaultAccountFile
  private let other: APIURL

  init() throws {
    let directory = try TemporaryDirectory()
    self.directory = directory
    file = DefaultAccountFile { ["XDG_CONFIG_HOME": directory.path][$0] }
    other = try APIURL("https://127.0.0.1:1/other")
  }

  private func write(_ text: String) throws {
    try write(Array(text.utf8))
  }

  private func write(_ bytes: [UInt8]) throws {
    if !FileManager.default.fileExists(atPath: directory("meti-token")) {
      try directory.make("meti-token")
    }
    try directory.write(bytes, to: "meti-token/default")
  }

  private func set(_ name: String, at api: APIURL = .standard) throws {
    try file.set(Account(name: name, api: api))
  }

  @Test func `is in the configuration directory`() {
    let home = "/home/a"
    #expect(
      DefaultAccountFile { ["XDG_CONFIG_HOME": "/config", "HOME": home][$0] }.path
        == "/config/meti-token/default")
    for directory in ["", "config", "./config", "~/config"] {
      #expect(
        DefaultAccountFile { ["XDG_CONFIG_HOME": directory, "HOME": home][$0] }.path
          == "/home/a/.config/meti-token/default")
    }
  }

  @Test(arguments: [nil, "", "home"])
  func `is nowhere without a home, or if it is relative`(_ home: String?) throws {
    let file = DefaultAccountFile { ["HOME": home][$0] ?? nil }
    #expect(file.path == nil)
    #expect(try file.name(at: .standard) == nil)
    #expect(throws: DefaultAccountError.noDirectory) {
      try file.set(Account(name: "a@b.c", api: .standard))
    }
  }

  @Test func `has no name if it does not exist`() throws {
    #expect(try file.name(at: .standard) == nil)
    try file.remove(at: .standard)
    #expect(try directory.names() == [])
  }

  @Test func `has a line for each API`() throws {
    try set("a@b.c")
    try set("jürgen@b.c", at: other)
    #expect(
      try directory.text("meti-token/default")
        == "https://api.meti.millpont.com a@b.c\nhttps://127.0.0.1:1/other jürgen@b.c\n")
    #expect(try file.name(at: .standard) == "a@b.c")
    #expect(try file.name(at: other) == "jürgen@b.c")
    #expect(try file.name(at: APIURL("https://127.0.0.1:1")) == nil)
  }

  @Test func `is changed for one API, and keeps all other lines`() throws {
    try write("what a user wrote\n\nhttps://api.meti.millpont.com old@b.c\nhttps://x.org a\n")
    try set("new@b.c")
    #expect(
      try directory.text("meti-token/default")
        == "what a user wrote\nhttps://x.org a\nhttps://api.meti.millpont.com new@b.c\n")
    try file.remove(at: .standard)
    #expect(try directory.text("meti-token/default") == "what a user wrote\nhttps://x.org a\n")
  }

  @Test func `is read in the order of its lines, and without a newline at its end`() throws {
    try write("https://api.meti.millpont.com first\nhttps://api.meti.millpont.com second")
    #expect(try file.name(at: .standard) == "first")
  }

  @Test func `and its directories are for the owner alone, whatever the umask`() throws {
    let directory = directory
    try withUmask(0o777) {
      let file = DefaultAccountFile { ["HOME": directory.path][$0] }
      try file.set(Account(name: "a@b.c", api: .standard))
    }
    #expect(try directory.mode(".config") == 0o700)
    #expect(try directory.mode(".config/meti-token") == 0o700)
    #expect(try directory.mode(".config/meti-token/default") == 0o600)
    #expect(try directory.names(".config/meti-token") == ["default"])
  }

  @Test func `is found behind a symbolic link`() throws {
    try directory.make("dotfiles")
    try directory.link("meti-token", to: directory("dotfiles"))
    try set("a@b.c")
    #expect(try file.name(at: .standard) == "a@b.c")
    #expect(try directory.names("dotfiles") == ["default"])
  }

  @Test(
    arguments: [
      "https://api.meti.millpont.com a@b.c\r\n", "a\tb\n", "\u{0}", "\u{7F}",
    ].map { Sample($0) } + [Sample("too long", String(repeating: "x", count: 65_537))])
  func `that is malformed is an error, and stays as it is`(_ file: Sample) throws {
    try checkMalformed(Array(file.text.utf8))
  }

  @Test func `that is not UTF-8 is an error, and stays as it is`() throws {
    try checkMalformed([0xFF, 0xFE])
  }

  private func checkMalformed(_ bytes: [UInt8]) throws {
    try write(bytes)
    let error = DefaultAccountError.malformed(path: directory("meti-token/default"))
    #expect(throws: error) { try file.name(at: .standard) }
    #expect(throws: error) { try set("a@b.c") }
    #expect(throws: error) { try file.remove(at: .standard) }
    #expect(try Data(contentsOf: URL(filePath: directory("meti-token/default"))) == Data(bytes))
  }

  @Test(.timeLimit(.minutes(10))) func `that is a named pipe is not waited for`() throws {
    try directory.make("meti-token")
    #expect(unsafe mkfifo(directory("meti-token/default"), 0o600) == 0)
    #expect(try file.name(at: .standard) == nil)
  }

  @Test func `that is a directory is an error`() throws {
    try directory.make("meti-token")
    try directory.make("meti-token/default")
    let path = directory("meti-token/default")
    #expect(throws: DefaultAccountError.system(path: path, errno: EISDIR)) {
      try file.name(at: .standard)
    }
  }

  @Test func `that cannot be opened or written is an error with errno`() throws {
    let file = DefaultAccountFile { ["XDG_CONFIG_HOME": "/dev/null"][$0] }
    #expect(try file.name(at: .standard) == nil)
    let path = "/dev/null/meti-token/default"
    #expect(throws: DefaultAccountError.system(path: path, errno: ENOTDIR)) {
      try file.set(Account(name: "a@b.c", api: .standard))
    }
  }
}
