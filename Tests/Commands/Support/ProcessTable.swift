import Foundation
import Glibc

/// Processes, as /proc shows them to everybody.
enum ProcessTable {
  struct Entry {
    let pid: pid_t
    let commandLine: String
    let environment: String
  }

  /// The process and all that it started, as far as they run now.
  static func descendants(of pid: pid_t) -> [Entry] {
    let list = read("/proc/\(pid)/task/\(pid)/children")
    let children = list.split(separator: " ").compactMap { pid_t($0) }
    let entry = Entry(
      pid: pid, commandLine: read("/proc/\(pid)/cmdline"),
      environment: read("/proc/\(pid)/environ"))
    return [entry] + children.flatMap(descendants)
  }

  private static func read(_ path: String) -> String {
    // These files have no length of their own, which `String(contentsOfFile:)` copes with.
    (try? String(contentsOfFile: path, encoding: .utf8)) ?? ""
  }
}
