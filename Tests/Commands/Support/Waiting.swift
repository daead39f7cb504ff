import Foundation
import Glibc

/// Whether the condition becomes true in time.
func becomesTrue(
  within limit: Duration = .seconds(10), _ condition: () throws -> Bool
) rethrows -> Bool {
  let deadline = ContinuousClock.now + limit
  while try !condition() {
    guard ContinuousClock.now < deadline else { return false }
    usleep(5000)
  }
  return true
}

extension Child {
  /// Whether it has a lock file open: it holds the lock, or waits for it.
  var isAtLock: Bool {
    let descriptors = "/proc/\(pid)/fd"
    let names = (try? FileManager.default.contentsOfDirectory(atPath: descriptors)) ?? []
    return names.contains { name in
      let target = try? FileManager.default.destinationOfSymbolicLink(
        atPath: "\(descriptors)/\(name)")
      return target?.hasSuffix(".lock") == true
    }
  }
}
