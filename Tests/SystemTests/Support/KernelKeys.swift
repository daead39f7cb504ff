import CTestSupport
import Glibc

/// The keys in the kernel's keyring of this user, `@u`.
enum KernelKeys {
  private struct Key {
    let serial: Int32
    let description: String
  }

  // From <linux/keyctl.h>.
  private static let describe: Int32 = 6
  private static let link: Int32 = 8
  private static let unlink: Int32 = 9
  private static let read: Int32 = 11
  private static let threadKeyring = -1
  private static let userKeyring = -4

  /// The descriptions of the live keys whose description contains this text.
  static func descriptions(containing text: String) -> [String] {
    keys(containing: text).map(\.description)
  }

  /// Unlinks every key whose description contains this text, which may end in a port's number.
  static func removeAll(containing text: String) {
    for key in keys(containing: text) {
      _ = keyctl_call(unlink, Int(key.serial), userKeyring, 0, 0)
    }
  }

  private static func keys(containing text: String) -> [Key] {
    // Only who possesses a keyring may list it: one linked to an own keyring is possessed.
    _ = keyctl_call(link, userKeyring, threadKeyring, 0, 0)
    defer { _ = keyctl_call(unlink, userKeyring, threadKeyring, 0, 0) }

    var serials = [Int32](repeating: 0, count: 4096)
    let bytes = unsafe serials.withUnsafeMutableBytes { buffer in
      unsafe keyctl_call(read, userKeyring, address(buffer), buffer.count, 0)
    }
    let count = min(serials.count, max(0, bytes) / MemoryLayout<Int32>.size)
    return serials.prefix(count).compactMap { serial in
      guard let description = description(of: serial),
        let match = description.firstRange(of: text),
        // Port 4012's keys are not those of port 40123.
        !(description[match.upperBound...].first?.isNumber ?? false)
      else { return nil }
      return Key(serial: serial, description: description)
    }
  }

  /// The kernel answers `type;uid;gid;permissions;description`; nil for a key just gone.
  private static func description(of serial: Int32) -> String? {
    var text = [UInt8](repeating: 0, count: 4096)
    let length = unsafe text.withUnsafeMutableBytes { buffer in
      unsafe keyctl_call(describe, Int(serial), address(buffer), buffer.count, 0)
    }
    guard (1...text.count).contains(length) else { return nil }
    let fields = String(decoding: text.prefix(length - 1), as: UTF8.self)
      .split(separator: ";", maxSplits: 4, omittingEmptySubsequences: false)
    return fields.count == 5 ? String(fields[4]) : nil
  }

  private static func address(_ buffer: UnsafeMutableRawBufferPointer) -> Int {
    Int(bitPattern: buffer.baseAddress)
  }
}
