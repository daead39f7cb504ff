import Glibc
import MetiToken
import System
import Testing

@Suite struct `The machine's clock` {
  private let clock = SystemClock()

  @Test func `does not go backwards`() {
    let first = clock.now()
    let second = clock.now()
    #expect(second.boot >= first.boot)
    #expect(second.bootID == first.bootID)
  }

  @Test func `shows the wall time in milliseconds`() {
    var time = timespec()
    _ = unsafe clock_gettime(CLOCK_REALTIME, &time)
    #expect(abs(clock.now().wall / 1000 - Int64(time.tv_sec)) < 60)
  }

  @Test func `shows both times at the same moment`() {
    let distances = (0..<1000).map { _ in
      let now = clock.now()
      return now.wall - now.boot
    }
    #expect((distances.max() ?? 0) - (distances.min() ?? 0) <= 1)
  }

  @Test func `knows which start of the machine it counts from`() {
    // A UUID with its four hyphens (random(4)).
    #expect(clock.now().bootID.utf8.count == 36)
  }

  @Test(arguments: [0, -1, Int64.min])
  func `does not pause for nothing`(_ milliseconds: Int64) {
    let start = clock.now()
    clock.pause(milliseconds)
    #expect(clock.now().boot - start.boot < 10_000)
  }

  @Test func `pauses at least as long as asked`() {
    let start = clock.now()
    clock.pause(15)
    #expect(clock.now().boot - start.boot >= 14)
  }

  @Test func `gives numbers from 0 to 1`() {
    #expect((0..<1000).allSatisfy { _ in (0..<1).contains(clock.random()) })
  }
}

@Suite struct `A small file` {
  private let directory: TemporaryDirectory

  init() throws { directory = try TemporaryDirectory() }

  @Test func `is read up to the limit`() throws {
    try directory.write(Array("abcdef".utf8), to: "file")
    #expect(File.text(directory("file"), limit: 4) == "abcd")
  }

  @Test func `that is not there has no text`() {
    #expect(File.text(directory("file"), limit: 64) == nil)
  }

  @Test func `that is not UTF-8 has no text`() throws {
    try directory.write([0xFF, 0xFE], to: "file")
    #expect(File.text(directory("file"), limit: 64) == nil)
  }
}
