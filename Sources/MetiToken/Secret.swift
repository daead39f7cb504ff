import Glibc

/// Bytes that must not leak: a password, a client secret, a token.
///
/// The bytes are in pages of their own, which are locked into memory if `RLIMIT_MEMLOCK` allows it
/// (mlock(2)), are left out of core dumps (`MADV_DONTDUMP`, madvise(2)) and are overwritten when the
/// value ends (explicit_bzero(3)). The type cannot be copied, has no description, and gives its
/// bytes only to a closure.
@safe public struct Secret: ~Copyable, @unchecked Sendable {
  // `@unchecked`: the pages have exactly one owner, and only `append`, which is `mutating`, writes.
  private var pages: UnsafeMutableRawBufferPointer
  public private(set) var count = 0

  /// An empty secret with room for `capacity` bytes before it has to move.
  public init(capacity: Int = 4096) {
    unsafe pages = Self.map(capacity)
  }

  /// A secret with a copy of `bytes`; wiping the original is the caller's task.
  public init(copying bytes: RawSpan) {
    self.init(capacity: bytes.byteCount)
    append(bytes)
  }

  /// A secret with the UTF-8 of `text`. For the places where a library or the environment has
  /// already put it into a `String`, which cannot be wiped.
  public init(copying text: String) {
    self.init(capacity: text.utf8.count)
    append(text)
  }

  /// A secret that a C function writes: `fill` gets `capacity` zeroed bytes and returns how many
  /// of them, from the start, are the secret; less than none means none.
  public init<Failure: Error>(
    capacity: Int, fill: (UnsafeMutableRawBufferPointer) throws(Failure) -> Int
  ) throws(Failure) {
    self.init(capacity: capacity)
    let room = unsafe UnsafeMutableRawBufferPointer(rebasing: pages[..<capacity])
    count = max(0, min(try unsafe fill(room), capacity))
  }

  deinit {
    unsafe Self.unmap(pages)
  }

  public var isEmpty: Bool { count == 0 }

  /// The bytes, for as long as `body` runs.
  public func withBytes<Result: ~Copyable, Failure: Error>(
    _ body: (RawSpan) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    let used = unsafe UnsafeRawBufferPointer(rebasing: pages[..<count])
    return try unsafe body(used.bytes)
  }

  public mutating func append(_ bytes: RawSpan) {
    reserve(count + bytes.byteCount)
    unsafe bytes.withUnsafeBytes { source in
      if let start = source.baseAddress {
        unsafe (pages.baseAddress! + count).copyMemory(from: start, byteCount: source.count)
      }
    }
    count += bytes.byteCount
  }

  public mutating func append(_ byte: UInt8) {
    reserve(count + 1)
    unsafe pages[count] = byte
    count += 1
  }

  public mutating func append(_ text: String) {
    var text = text
    text.withUTF8 { bytes in unsafe append(bytes.span.bytes) }
  }

  /// Drops and wipes all but the first `length` bytes.
  public mutating func truncate(to length: Int) {
    guard length < count else { return }
    unsafe explicit_bzero(pages.baseAddress! + length, count - length)
    count = length
  }

  /// A second value with the same bytes. Named, because every copy is one more to protect.
  public func duplicate() -> Secret {
    withBytes { Secret(copying: $0) }
  }

  /// Whether both hold the same bytes. Takes the same time wherever the first difference is.
  public func equals(_ other: borrowing Secret) -> Bool {
    guard count == other.count else { return false }
    var difference: UInt8 = 0
    for index in 0..<count {
      unsafe difference |= pages[index] ^ other.pages[index]
    }
    return difference == 0
  }

  private mutating func reserve(_ needed: Int) {
    guard unsafe needed > pages.count else { return }
    let larger = unsafe Self.map(max(needed, pages.count * 2))
    unsafe larger.copyMemory(from: UnsafeRawBufferPointer(rebasing: pages[..<count]))
    unsafe Self.unmap(pages)
    unsafe pages = larger
  }

  /// Whole private pages. Being refused memory ends the program, as it does everywhere in Swift.
  private static func map(_ capacity: Int) -> UnsafeMutableRawBufferPointer {
    let page = 4096
    let size = (max(capacity, 1) + page - 1) / page * page
    let start = unsafe mmap(nil, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
    guard let start = unsafe start, unsafe start != MAP_FAILED else {
      fatalError("out of memory")
    }
    _ = unsafe mlock(start, size)
    _ = unsafe madvise(start, size, MADV_DONTDUMP)
    return unsafe UnsafeMutableRawBufferPointer(start: start, count: size)
  }

  private static func unmap(_ pages: UnsafeMutableRawBufferPointer) {
    guard let start = pages.baseAddress else { return }
    unsafe explicit_bzero(start, pages.count)
    _ = unsafe munmap(start, pages.count)
  }
}
