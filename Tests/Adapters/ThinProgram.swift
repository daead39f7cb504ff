import Foundation
import Glibc
import MetiToken
import System
import Testing

/// The thin program as it is built for release, beside a stand-in for meti-token-cli that prints
/// its arguments.
struct ThinProgram: Sendable {
  let directory: TemporaryDirectory

  /// Built once for all tests, with the flags of Package.swift.
  static let built = Result { try ThinProgram() }

  private init() throws {
    directory = try TemporaryDirectory()
    // Long before they run: while a child of another test still has them open for writing, they
    // cannot be executed (ETXTBSY, execve(2)). For the same reason no test copies a program.
    try directory.writeScript("printf 'cli'; printf ' %s' \"$@\"", to: "meti-token-cli")
    try directory.writeScript("printf libexec", to: "libexec")
    try directory.writeScript("grep -E Sig[BIC] /proc/self/status; ulimit -a", to: "signals")
    let sources = URL(filePath: #filePath).appending(path: "../../../Sources").standardized.path
    let embedded = ["-enable-experimental-feature", "Embedded", "-no-static-stdlib"]
    try compile(
      embedded + [
        "-c", "-O", "-wmo", "-parse-as-library", "-swift-version", "6", "-module-name",
        "meti_token",
        "-Xfrontend", "-entry-point-function-name", "-Xfrontend", "meti_token_main",
        "-module-cache-path", directory("cache"),
        "-Xcc", "-fmodule-map-file=\(sources)/CLinux/module.modulemap",
        "\(sources)/meti-token/ThinProgram.swift", "-o", directory("object.o"),
      ])
    try compile(
      embedded + [
        "-static-executable", "-Xlinker", "--gc-sections", "-Xlinker",
        "--defsym=main=meti_token_main", directory("object.o"), "-o", directory("meti-token"),
      ])
    // No test outlives the process, which has no other place to remove it.
    unsafe removedAtExit = directory.path
    atexit { unsafe try? FileManager.default.removeItem(atPath: removedAtExit) }
  }
}

nonisolated(unsafe) private var removedAtExit = ""

private func compile(_ arguments: [String]) throws {
  let build = try output(of: "swiftc", arguments)
  try #require(build.status == .exit(0), "\(String(decoding: build.errors, as: UTF8.self))")
}

extension TemporaryDirectory {
  fileprivate func writeScript(_ text: String, to name: String) throws {
    try write(Array("#!/bin/sh\n\(text)\n".utf8), to: name)
    _ = unsafe chmod(self(name), 0o755)
  }
}

/// Runs a program of PATH.
func output(of name: String, _ arguments: [String]) throws -> System.Process.Output {
  let clock = SystemClock()
  return try System.Process.run(
    #require(SearchPath.find(name)), arguments, environment: Environment(),
    until: Deadline(120_000, from: clock.now()), clock: clock)
}
