import Glibc
import MetiToken

/// The machine's clocks, its pauses and its randomness.
public final class SystemClock: Clock {
  private let bootID: String

  /// Reads the boot id once (`/proc/sys/kernel/random/boot_id`, random(4)); empty where it cannot.
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

/// Small files of the system.
public enum File {
  /// The first line of a file, white space before it removed; `nil` when it cannot be read.
  public static func contents(_ path: String, limit: Int) -> String? {
    text(path, limit: limit).map { text in
      String(text.drop(while: \.isWhitespace).prefix { !$0.isNewline })
    }
  }

  /// What one read(2) gives of a file of proc(5), at most `limit` bytes; `nil` when it cannot be
  /// read or is not UTF-8.
  public static func text(_ path: String, limit: Int) -> String? {
    let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return nil }
    defer { close(descriptor) }
    return unsafe withUnsafeTemporaryAllocation(byteCount: limit, alignment: 1) { buffer in
      let count = unsafe read(descriptor, buffer.baseAddress, buffer.count)
      return unsafe UnsafeRawBufferPointer(rebasing: buffer[..<max(count, 0)]).bytes.text
    }
  }
}
