import Glibc
import MetiToken

/// The machine's clocks, its pauses and its randomness.
public final class SystemClock: Clock {
  private let bootID: String

  /// Reads the boot id once (`/proc/sys/kernel/random/boot_id`, random(4)); empty if it cannot.
  public init() {
    bootID = File.contents("/proc/sys/kernel/random/boot_id", limit: 64) ?? ""
  }

  public func now() -> Moment { .now(bootID: bootID) }

  public func pause(_ milliseconds: Int64) {
    guard milliseconds > 0 else { return }
    var time = timespec(
      tv_sec: Int(milliseconds / 1000), tv_nsec: Int(milliseconds % 1000) * 1_000_000)
    // Goes on for the rest after a signal (nanosleep(2)).
    var rest = timespec()
    while unsafe nanosleep(&time, &rest) != 0 && errno == EINTR { time = rest }
  }

  public func random() -> Double { .random(in: 0..<1) }
}
