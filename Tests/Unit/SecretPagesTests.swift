import Foundation
import Glibc
import MetiToken
import Testing

/// What the kernel says of the pages of a secret (proc(5), `VmFlags` in /proc/self/smaps).
@Suite struct `A secret's pages` {
  @Test func `are left out of core dumps`() throws {
    #expect(try flags(of: Secret(copying: "secret")).contains("dd"))
  }

  @Test func `are left out also when they had to grow`() throws {
    var secret = Secret(copying: "secret")
    secret.append(String(repeating: "x", count: 10_000))
    #expect(try flags(of: secret).contains("dd"))
  }

  @Test(.enabled(if: canLock)) func `are kept out of swap where the limit allows it`() throws {
    #expect(try flags(of: Secret(copying: "secret")).contains("lo"))
  }

  @Test func `of other memory are not`() throws {
    let memory = unsafe malloc(1)
    defer { unsafe free(memory) }
    #expect(try !mappingFlags(at: UInt(bitPattern: memory)).contains("dd"))
  }

  private func flags(of secret: borrowing Secret) throws -> [Substring] {
    try mappingFlags(
      at: secret.withBytes { bytes in
        unsafe bytes.withUnsafeBytes { UInt(bitPattern: $0.baseAddress) }
      })
  }
}

private func mappingFlags(at address: UInt) throws -> [Substring] {
  // It comes a page at a time, which `String(contentsOfFile:)` takes for all of it.
  let file = try FileHandle(forReadingFrom: URL(fileURLWithPath: "/proc/self/smaps"))
  let map = try file.readToEnd() ?? Data()
  var isHere = false
  for line in String(decoding: map, as: UTF8.self).split(separator: "\n") {
    // A mapping begins with "START-END ", in hexadecimal.
    let range = line.prefix { $0 != " " }.split(separator: "-")
    if range.count == 2, let start = UInt(range[0], radix: 16), let end = UInt(range[1], radix: 16)
    {
      isHere = (start..<end).contains(address)
    } else if isHere, line.hasPrefix("VmFlags:") {
      return line.split(separator: " ")
    }
  }
  throw POSIXError(.EFAULT)
}

/// Whether this process may lock a page more into memory. A sanitizer's mlock(2) says that it did,
/// and does nothing.
private let canLock: Bool = {
  let page = unsafe mmap(nil, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
  defer { _ = unsafe munmap(page, 4096) }
  guard unsafe mlock(page, 4096) == 0 else { return false }
  return (try? mappingFlags(at: UInt(bitPattern: page)))?.contains("lo") ?? false
}()
