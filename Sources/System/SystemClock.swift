import Glibc
import MetiToken

/// The machine's clocks, its pauses and its randomness.
public final class SystemClock: Clock {
  private let bootID: String

  /// Reads the boot id once (`/proc/sys/kernel/random/boot_id`, random(4)); empty if it cannot.
  public init() {
    bootID = File.text("/proc/sys/kernel/random/boot_id", limit: 36) ?? ""
  }

  public func now() -> Moment { .now(bootID: bootID) }

  public func pause(_ milliseconds: Int64) {
    guard milliseconds > 0 else { return }
    usleep(UInt32(clamping: milliseconds * 1000))
  }

  public func random() -> Double { .random(in: 0..<1) }
}
