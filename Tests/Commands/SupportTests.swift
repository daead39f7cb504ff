import CTestSupport
import Foundation
import Glibc
import Testing

@Suite("Support works", .manyAtOnce)
struct SupportTests {
  let secretTool = Program("secret-tool")

  /// Whether the process is there, and not just waiting for its parent to take note of its end.
  func isAlive(_ pid: Int32) -> Bool {
    guard let stat = try? String(contentsOfFile: "/proc/\(pid)/stat", encoding: .utf8),
      let state = stat.split(separator: ")").last?.split(separator: " ").first
    else { return false }
    return state != "Z"
  }

  // MARK: Desktops

  @Test func `two desktops do not see each other`() throws {
    let one = try Desktop()
    let other = try Desktop()
    let stored = try secretTool.run(
      ["store", "--label=A label", "key", "value"], input: .text("a secret"),
      environment: one.environment)
    #expect(stored.status == .exit(0))
    let arguments = ["lookup", "key", "value"]
    #expect(try secretTool.run(arguments, environment: other.environment).out == "")
    #expect(try secretTool.run(arguments, environment: one.environment).out == "a secret")
  }

  @Test(arguments: ["the owner", "the script"])
  func `killing whoever keeps a session leaves no process behind`(victim: String) throws {
    let directory = try TemporaryDirectory()
    let script = """
      coproc session { exec "$@"; }
      echo "$session_PID"
      while IFS= read -r line; do echo "$line"; done <&"${session[0]}"
      sleep 100
      """
    let owner = try Program("bash").start(
      ["-c", script, "owner", Program.repository + "scripts/private-session", directory.path])
    var processes = [try #require(Int32(owner.line()))]
    while case let line = try owner.line(), line != "ready" {
      if line.hasPrefix("METI_SESSION_") {
        processes.append(try #require(line.split(separator: "=").last.flatMap { Int32($0) }))
      }
    }
    #expect(processes.count == 3)
    #expect(processes.allSatisfy(isAlive))
    if victim == "the owner" {
      owner.signal(SIGKILL)
    } else {
      kill(processes[0], SIGKILL)
    }
    #expect(becomesTrue { !processes.contains(where: isAlive) })
  }

  // MARK: Kernel keys

  @Test func `the keys of one server are removed, and no others`() throws {
    // Of this run alone: others may have keys of their own.
    let url = "https://run-\(getpid()).invalid:1"
    let names = ["meti-token:\(url)", "meti-token:\(url)#a@b.c", "meti-token:\(url)2"]
    for name in names {
      let outcome = try Program("keyctl").run(["add", "user", name, "x", "@u"])
      #expect(outcome.status == .exit(0))
    }
    #expect(KernelKeys.descriptions(containing: url).sorted() == [names[0], names[1]])
    KernelKeys.removeAll(containing: url)
    #expect(KernelKeys.descriptions(containing: url) == [])
    #expect(KernelKeys.descriptions(containing: names[2]) == [names[2]])
    KernelKeys.removeAll(containing: names[2])
  }

  // MARK: Scripts

  @Test func `without the Swift toolchain the scripts say where it is, and install nothing`() throws
  {
    let outcome = try Program(script: "scripts/install-dependencies").run(
      ["demo"], environment: ["PATH": "/nonexistent"])
    #expect(outcome.status == .exit(69))
    #expect(
      outcome.err == """
        install-dependencies: error: the Swift toolchain is not in PATH
        install-dependencies: hint: install Swift 6.3 as https://www.swift.org/install/linux/ says

        """)
  }
}
