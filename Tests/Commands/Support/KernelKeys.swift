import CTestSupport
import Glibc

/// The keys in the kernel's keyring of this user, `@u`.
enum KernelKeys {
  private struct Key {
    let serial: Int32
    let type: Substring
    let description: String
  }

  // From <linux/keyctl.h>.
  private static let describe: Int32 = 6
  private static let link: Int32 = 8
  private static let unlink: Int32 = 9
  private static let read: Int32 = 11
  private static let threadKeyring = -1
  private static let userKeyring = -4

  /// The descriptions of the live keys whose description contains this text, in `@u` or in a
  /// keyring there of such a description.
  static func descriptions(containing text: String) -> [String] {
    withPossession {
      keys(in: userKeyring, containing: text).flatMap { key in
        key.type == "keyring" ? keys(in: Int(key.serial), containing: text) : [key]
      }.map(\.description)
    }
  }

  /// Whether there is a key or a keyring whose description contains this text, even an empty one.
  static func isAny(containing text: String) -> Bool {
    withPossession { !keys(in: userKeyring, containing: text).isEmpty }
  }

  /// Unlinks every key and keyring whose description contains this text, which may end in a port's
  /// number.
  static func removeAll(containing text: String) {
    withPossession {
      for key in keys(in: userKeyring, containing: text) {
        _ = keyctl_call(unlink, Int(key.serial), userKeyring, 0, 0)
      }
    }
  }

  /// Only who possesses a keyring may list it: one linked to an own keyring is possessed, and what
  /// is in it.
  private static func withPossession<Value>(_ body: () -> Value) -> Value {
    _ = keyctl_call(link, userKeyring, threadKeyring, 0, 0)
    defer { _ = keyctl_call(unlink, userKeyring, threadKeyring, 0, 0) }
    return body()
  }

  private static func keys(in keyring: Int, containing text: String) -> [Key] {
    var serials = [Int32](repeating: 0, count: 4096)
    let bytes = unsafe serials.withUnsafeMutableBytes { buffer in
      unsafe keyctl_call(read, keyring, address(buffer), buffer.count, 0)
    }
    let count = min(serials.count, max(0, bytes) / MemoryLayout<Int32>.size)
    return serials.prefix(count).compactMap { serial in
      guard let key = key(serial), let match = key.description.firstRange(of: text),
        // Port 4012's keys are not those of port 40123.
        !(key.description[match.upperBound...].first?.isNumber ?? false)
      else { return nil }
      return key
    }
  }

  /// The kernel answers `type;uid;gid;permissions;description`; nil for a key just gone.
  private static func key(_ serial: Int32) -> Key? {
    var text = [UInt8](repeating: 0, count: 4096)
    let length = unsafe text.withUnsafeMutableBytes { buffer in
      unsafe keyctl_call(describe, Int(serial), address(buffer), buffer.count, 0)
    }
    guard (1...text.count).contains(length) else { return nil }
    let fields = String(decoding: text.prefix(length - 1), as: UTF8.self)
      .split(separator: ";", maxSplits: 4, omittingEmptySubsequences: false)
    guard fields.count == 5 else { return nil }
    return Key(serial: serial, type: fields[0], description: String(fields[4]))
  }

  private static func address(_ buffer: UnsafeMutableRawBufferPointer) -> Int {
    Int(bitPattern: buffer.baseAddress)
  }
}
