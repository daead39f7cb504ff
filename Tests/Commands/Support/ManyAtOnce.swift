import Foundation
import Testing

/// Lets more tests run at once than there are processors: most of what they do is wait.
///
/// The tests block, and the threads that Swift gives to tasks are as many as the processors.
struct ManyAtOnce: SuiteTrait, TestTrait, TestScoping {
  var isRecursive: Bool { true }

  func provideScope(
    for test: Test, testCase: Test.Case?, performing function: @Sendable () async throws -> Void
  ) async throws {
    try await withTaskExecutorPreference(Threads.shared) { try await function() }
  }

  private final class Threads: TaskExecutor {
    static let shared = Threads()

    private let queue = OperationQueue()

    private init() {
      queue.maxConcurrentOperationCount = 8
    }

    func enqueue(_ job: consuming ExecutorJob) {
      let job = UnownedJob(job)
      queue.addOperation {
        unsafe job.runSynchronously(on: self.asUnownedTaskExecutor())
      }
    }
  }
}

extension Trait where Self == ManyAtOnce {
  static var manyAtOnce: ManyAtOnce { ManyAtOnce() }
}
