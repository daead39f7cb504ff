import Glibc
import KernelCache
import Testing

@Suite(.enabled(if: canKeep, "keyctl(2) is not allowed here"))
struct `A note in the kernel` {
  private let name = "test of \(getpid()) \(UInt64.random(in: 0...UInt64.max))"

  @Test func `is read, replaced and taken away`() {
    #expect(KernelNote.text(of: name) == "")
    // Should a test be ended in between, the kernel destroys it.
    #expect(KernelNote.keep("first", of: name, seconds: 60))
    #expect(KernelNote.text(of: name) == "first")
    #expect(KernelNote.keep("second", of: name, seconds: 60))
    #expect(KernelNote.text(of: name) == "second")
    #expect(KernelNote.keep("", of: name, seconds: 60))
    #expect(KernelNote.text(of: name) == "")
  }
}
