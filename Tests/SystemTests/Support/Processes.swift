import Foundation

/// What ps(1) and its like can see of the processes of this machine.
enum Processes {
  /// The files `cmdline` and `environ` in /proc that hold one of these texts, this process's own
  /// left aside.
  static func showing(_ texts: String...) -> [String] {
    let own = "\(ProcessInfo.processInfo.processIdentifier)"
    let entries = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
    var finds: [String] = []
    for pid in entries where pid != own && pid.allSatisfy(\.isNumber) {
      for name in ["cmdline", "environ"] {
        let path = "/proc/\(pid)/\(name)"
        guard let bytes = FileManager.default.contents(atPath: path) else { continue }
        if texts.contains(where: { bytes.range(of: Data($0.utf8)) != nil }) { finds.append(path) }
      }
    }
    return finds
  }
}
