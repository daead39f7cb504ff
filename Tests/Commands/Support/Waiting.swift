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
