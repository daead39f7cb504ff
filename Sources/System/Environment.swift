import CLinux
import Glibc
import MetiToken

/// The environment of this process as it was at one moment, byte for byte, to be passed on.
public struct Environment: ~Copyable {
  /// `NAME=value` with its NUL.
  private var entries: [[CChar]] = []
  /// The entry whose value is a secret; empty if there is none.
  private var secret = Secret(capacity: 0)

  /// A copy of environ(7).
  public init() {
    guard var entry = unsafe meti_environment() else { return }
    while let text = unsafe entry.pointee {
      let size = unsafe strlen(text) + 1
      entries.append(unsafe Array(UnsafeBufferPointer(start: text, count: size)))
      unsafe entry += 1
    }
  }

  /// Removes every entry of these names.
  public mutating func remove(_ names: [String]) {
    for name in names {
      let prefix = Array("\(name)=".utf8).map(CChar.init(bitPattern:))
      entries.removeAll { $0.starts(with: prefix) }
    }
  }

  /// Gives one variable a secret value, in place of any that it has. No second one can have one.
  public mutating func set(_ name: String, to value: borrowing Secret) {
    remove([name])
    var entry = Secret(capacity: value.count + name.utf8.count + 2)
    entry.append("\(name)=")
    value.withBytes { entry.append($0) }
    entry.append(UInt8(0))
    secret = entry
  }

  /// Calls `body` with the list that exec(3) and posix_spawn(3) take.
  func withList<Result>(
    _ body: (UnsafePointer<UnsafeMutablePointer<CChar>?>) -> Result
  ) -> Result {
    guard !secret.isEmpty else { return unsafe entries.withCList(body) }
    return secret.withBytes { bytes in
      unsafe bytes.withUnsafeBytes { bytes in
        let start = unsafe bytes.baseAddress!.assumingMemoryBound(to: CChar.self)
        return unsafe entries.withCList(and: UnsafeMutablePointer(mutating: start), body)
      }
    }
  }
}

extension [[CChar]] {
  /// Calls `body` with these strings, which must have their NUL, and `last`, if there is one, as a
  /// list that ends with NULL.
  func withCList<Result>(
    and last: UnsafeMutablePointer<CChar>? = nil,
    _ body: (UnsafePointer<UnsafeMutablePointer<CChar>?>) -> Result
  ) -> Result {
    var bytes = [CChar](joined())
    return unsafe bytes.withUnsafeMutableBufferPointer { bytes in
      var list: [UnsafeMutablePointer<CChar>?] = unsafe []
      var offset = 0
      for string in self {
        unsafe list.append(bytes.baseAddress! + offset)
        offset += string.count
      }
      if let last = unsafe last { unsafe list.append(last) }
      unsafe list.append(nil)
      return unsafe list.withUnsafeBufferPointer { unsafe body($0.baseAddress!) }
    }
  }
}
