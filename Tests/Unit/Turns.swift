import Foundation

@testable import MetiToken

/// Callers in threads of their own, on a clock whose waits need no time: one runs, the others wait for
/// their moments.
///
/// `@unchecked`: only the thread whose turn it is touches anything; semaphores hand the turn over.
final class Turns: WaitingClock, @unchecked Sendable {
  private var boot = noon.boot
  private var waiting: [(boot: Int64, go: () -> Void)] = []
  private let turn = DispatchSemaphore(value: 0)

  func now() -> Moment { noon.later(boot - noon.boot) }
  func random() -> Double { 0.5 }
  func pause(_ milliseconds: Int64) { pass(milliseconds) }

  func pass(_ milliseconds: Int64) {
    let wake = DispatchSemaphore(value: 0)
    waiting.append((boot + milliseconds, { wake.signal() }))
    turn.signal()
    wake.wait()
  }

  /// Starts a thread at a moment of the boot clock.
  func start(at boot: Int64, _ body: @escaping @Sendable () -> Void) {
    waiting.append(
      (
        boot,
        { [turn] in
          Thread.detachNewThread {
            body()
            turn.signal()
          }
        }
      ))
  }

  /// Ends when all threads have ended.
  func run() {
    while let next = waiting.indices.min(by: { waiting[$0].boot < waiting[$1].boot }) {
      let (boot, go) = waiting.remove(at: next)
      self.boot = max(boot, self.boot)
      go()
      turn.wait()
    }
  }
}
