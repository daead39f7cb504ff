import CLinux

#if !hasFeature(Embedded)
  import Glibc
#endif

/// The arguments of this process as main gets them, the program's name first. To look at them here is
/// much cheaper than `CommandLine.arguments`, which the thin program would feel.
@safe public struct Arguments {
  private let count: Int32
  let values: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>

  /// - Parameter values: `count` strings and NULL, which live as long as the process.
  public init(_ count: Int32, _ values: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>) {
    self.count = count
    unsafe self.values = unsafe values
  }

  /// Whether there is nothing but the program's name.
  public var areNone: Bool { count <= 1 }

  /// Whether there is one beside the program's name, and it is `text`.
  public func areOnly(_ text: StaticString) -> Bool {
    guard count == 2, let argument = unsafe values[1] else { return false }
    return unsafe strlen(argument) == text.utf8CodeUnitCount
      && memcmp(argument, text.utf8Start, text.utf8CodeUnitCount) == 0
  }

  /// Whether the program's name ends in `text`.
  public func name(endsWith text: StaticString) -> Bool {
    guard count > 0, let name = unsafe values[0] else { return false }
    let length = unsafe strlen(name)
    guard length >= text.utf8CodeUnitCount else { return false }
    return unsafe memcmp(
      name + length - text.utf8CodeUnitCount, text.utf8Start, text.utf8CodeUnitCount) == 0
  }
}
