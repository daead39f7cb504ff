import MetiToken
import Testing

@Suite struct `A secret` {
  @Test func `holds what was put in`() {
    #expect(text(Secret(copying: "pä55 😀")) == "pä55 😀")
  }

  @Test func `begins empty`() {
    let secret = Secret()
    let isEmpty = secret.isEmpty
    #expect(isEmpty)
    #expect(text(secret) == "")
  }

  @Test func `takes bytes, texts and other secrets' bytes in turn`() {
    var secret = Secret(copying: "a")
    secret.append(UInt8(ascii: "b"))
    secret.append("cd")
    secret.append("")
    Secret(copying: "ef").withBytes { secret.append($0) }
    #expect(text(secret) == "abcdef")
  }

  @Test(arguments: [1, 4095, 4096, 4097, 8192, 8193, 100_000])
  func `keeps its bytes when it outgrows its room`(_ size: Int) {
    var secret = Secret(capacity: 1)
    let written = String((0..<size).map { Character(Unicode.Scalar(UInt8(97 + $0 % 26))) })
    for byte in written.utf8 { secret.append(byte) }
    #expect(secret.count == size)
    #expect(text(secret) == written)
  }

  @Test func `takes at once more than twice its room`() {
    let long = String(repeating: "x", count: 50_000)
    var secret = Secret(copying: "begin ")
    secret.append(long)
    #expect(text(secret) == "begin \(long)")
  }

  @Test func `drops its last bytes`() {
    var secret = Secret(copying: "line\n")
    secret.truncate(to: 4)
    #expect(text(secret) == "line")
  }

  @Test func `is not cut to more than it has`() {
    var secret = Secret(copying: "ab")
    secret.truncate(to: 3)
    #expect(text(secret) == "ab")
  }

  @Test func `takes a byte again after one was dropped`() {
    var secret = Secret(copying: "ab")
    secret.truncate(to: 1)
    secret.append("c")
    #expect(text(secret) == "ac")
  }

  @Test(arguments: [
    ("", "", true), ("a", "a", true), ("abc", "abd", false), ("abc", "bbc", false),
    ("abc", "ab", false), ("ab", "abc", false), ("", "a", false), ("é", "e\u{301}", false),
  ])
  func `equals another byte for byte`(_ left: String, _ right: String, _ isEqual: Bool) {
    let left = Secret(copying: left)
    let right = Secret(copying: right)
    let answer = left.equals(right)
    #expect(answer == isEqual)
  }

  @Test func `differs from a duplicate that has changed`() {
    let secret = Secret(copying: "abc")
    var duplicate = secret.duplicate()
    duplicate.append("d")
    #expect(text(secret) == "abc")
    #expect(text(duplicate) == "abcd")
  }

  @Test func `is what a C function wrote`() {
    let secret = unsafe Secret(capacity: 10) { buffer in
      unsafe buffer.copyBytes(from: "filled".utf8)
      return 6
    }
    #expect(text(secret) == "filled")
  }

  @Test func `shows a C function exactly the room it was promised, zeroed`() {
    var seen: [UInt8] = []
    _ = unsafe Secret(capacity: 10) { buffer in
      unsafe seen = Array(buffer)
      return 0
    }
    #expect(seen == [UInt8](repeating: 0, count: 10))
  }

  @Test func `is never more than its room, whatever a C function says`() {
    let secret = unsafe Secret(capacity: 10) { _ in 11 }
    #expect(secret.count == 10)
  }

  @Test func `is empty when a C function says that it failed`() {
    let secret = unsafe Secret(capacity: 10) { _ in -1 }
    #expect(secret.count == 0)
  }

  @Test func `passes on what the filling throws`() {
    struct Trouble: Error, Equatable {}
    let error = failure { () throws(Trouble) in
      _ = try unsafe Secret(capacity: 10) { (_) throws(Trouble) -> Int in throw Trouble() }
    }
    #expect(error == Trouble())
  }

  @Test func `of no capacity can still be written`() {
    var secret = Secret(capacity: 0)
    secret.append("a")
    #expect(text(secret) == "a")
  }
}
