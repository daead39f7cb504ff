import Glibc

/// Bytes which are overwritten before their memory is given back, explicit_bzero(3).
///
/// An array cannot promise that: it leaves its contents behind wherever it grows or is copied.
@safe
struct WipedBytes: ~Copyable, @unchecked Sendable {
  private var storage: UnsafeMutableBufferPointer<UInt8>
  private(set) var count = 0

  init(capacity: Int) {
    unsafe storage = Self.allocate(capacity)
  }

  init(copying bytes: Span<UInt8>) {
    self.init(capacity: bytes.count)
    for index in bytes.indices { append(bytes[index]) }
  }

  deinit {
    unsafe Self.release(storage)
  }

  mutating func append(_ byte: UInt8) {
    if unsafe count == storage.count { grow() }
    unsafe storage[count] = byte
    count += 1
  }

  /// Lends the bytes to `body`.
  func withBytes<Result: ~Copyable, Failure: Error>(
    _ body: (Span<UInt8>) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    let all = unsafe Span<UInt8>(_unsafeElements: UnsafeBufferPointer(storage))
    return try body(all.extracting(first: count))
  }

  private mutating func grow() {
    let larger = unsafe Self.allocate(max(storage.count * 2, 256))
    _ = unsafe larger.update(fromContentsOf: storage)
    unsafe Self.release(storage)
    unsafe storage = larger
  }

  private static func allocate(_ capacity: Int) -> UnsafeMutableBufferPointer<UInt8> {
    let storage = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: capacity)
    unsafe storage.initialize(repeating: 0)
    return unsafe storage
  }

  private static func release(_ storage: UnsafeMutableBufferPointer<UInt8>) {
    if let start = storage.baseAddress { unsafe explicit_bzero(start, storage.count) }
    unsafe storage.deallocate()
  }
}
