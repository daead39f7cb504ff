import CLinux
import Glibc
import MetiToken

/// The environment of this process, byte for byte, to be passed on.
@safe public struct Environment: ~Copyable {
  /// Those of environ(7), which nothing in this program changes.
  private var entries: [UnsafeMutablePointer<CChar>] = unsafe []
  /// One more `NAME=value` with its NUL, whose value is a secret; empty for none.
  private var secret = Secret(capacity: 0)

  public init() {
    var next = unsafe meti_environment()
    while let entry = unsafe next?.pointee {
      unsafe entries.append(entry)
      unsafe next = next?.successor()
    }
  }

  /// Removes every entry of these names.
  public mutating func remove(_ names: [String]) {
    for start in names.map({ "\($0)=" }) {
      unsafe entries.removeAll { unsafe strncmp($0, start, start.utf8.count) == 0 }
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
    secret.withBytes { bytes in
      unsafe bytes.withUnsafeBytes { bytes in
        let last = unsafe bytes.baseAddress?.assumingMemoryBound(to: CChar.self)
        let extra = unsafe secret.isEmpty ? nil : UnsafeMutablePointer(mutating: last)
        let list = unsafe entries + [extra, nil]
        return unsafe list.withUnsafeBufferPointer { unsafe body($0.baseAddress!) }
      }
    }
  }
}
