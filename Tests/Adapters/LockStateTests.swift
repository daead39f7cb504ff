import Foundation
import Glibc
import System
import Testing

@testable import MetiToken

@Suite struct `The state in a lock file` {
  private let directory: TemporaryDirectory
  private let lock: FileLock
  private let account: Account
  private let file: String

  private let backOff = BackOff(since: noon, pause: 8000, reason: "METI: a=b, 503")
  private let claim = BackOff(since: noon, pause: 30_000)

  init() throws {
    directory = try TemporaryDirectory()
    let clock = FakeClock()
    clock.whilePausing = { usleep(1000) }
    lock = FileLock(directory: directory.path, clock: clock)
    account = try Account(name: "a@b.c", api: .standard)
    file = "\(Fingerprint.of(account.description)).lock"
  }

  /// The lock, which is free or about to be: see ``acquireSoon(_:in:)``.
  private func held() throws -> any HeldLock {
    try #require(
      try lock.acquire(account, until: Deadline(5000, from: noon), whileWaiting: { false }))
  }

  private func write(_ state: LockState) throws {
    #expect(try held().update(at: noon) { $0 = state })
  }

  private var full: LockState {
    LockState(
      backOff: backOff, refreshClaim: claim,
      rejections: [
        LockState.Rejected(fingerprint: "env:1f", rejection: Rejection(on: 5), since: noon),
        LockState.Rejected(
          fingerprint: "file:1.2.3", rejection: Rejection(on: 6, ambiguousCount: 2), since: noon),
      ])
  }

  @Test func `is empty at first`() throws {
    #expect(lock.state(of: account) == LockState())
    #expect(try held().state == LockState())
  }

  @Test func `is found by the next holder, and read without the lock`() throws {
    try write(full)
    #expect(lock.state(of: account) == full)
    #expect(try held().state == full)
  }

  @Test func `is replaced by a shorter one`() throws {
    try write(full)
    let state = LockState(
      backOff: BackOff(since: noon, pause: 2000, reason: "no token", isUnusable: true))
    try write(state)
    #expect(lock.state(of: account) == state)
    try write(LockState())
    #expect(try directory.text(file) == "")
  }

  @Test func `is rid of what expired or is of another boot whenever it is written`() throws {
    let old = Moment(wall: noon.wall, boot: noon.boot, bootID: "another boot")
    try write(
      LockState(
        backOff: BackOff(since: noon.later(-9000), pause: 8000, reason: "trouble"),
        refreshClaim: claim,
        rejections: [
          LockState.Rejected(fingerprint: "env:1f", rejection: Rejection(on: 5), since: old)
        ]))
    #expect(lock.state(of: account) == LockState(refreshClaim: claim))
  }

  @Test func `has a reason of any text`() throws {
    let state = LockState(backOff: BackOff(since: noon, pause: 8000, reason: "a\n\"b\u{1}"))
    try write(state)
    #expect(lock.state(of: account) == state)
  }

  @Test(
    arguments: [
      "garbage", "\n\n", "\u{0}\u{0}", "{", "{}", "[]", "null", #"{"rejections":1}"#,
      #"{"rejections":[{}]}"#,
      #"{"rejections":[{"fingerprint":"env:1f","rejection":{"on":"x"},"since":{}}]}"#,
      #"{"backOff":{"since":{"wall":1,"boot":1},"pause":1},"rejections":[]}"#,
    ].map { Sample($0) } + [Sample("too long", String(repeating: "x", count: 100_000))])
  func `that is malformed is empty`(_ text: Sample) throws {
    try directory.write(Array(text.text.utf8), to: file)
    #expect(lock.state(of: account) == LockState())
    try write(full)
    #expect(lock.state(of: account) == full)
  }

  @Test func `that is not UTF-8 is empty`() throws {
    try directory.write([0xFF, 0xFE, 0x00], to: file)
    #expect(lock.state(of: account) == LockState())
  }

  @Test(arguments: [
    ("9223372036854775807", "1"), ("1", "9223372036854775807"), ("-9223372036854775808", "1"),
    ("0", "9223372036854775807"), ("9223372036854775807", "9223372036854775807"),
  ])
  func `with impossible times is over`(_ since: String, _ pause: String) throws {
    let moment = #"{"wall":0,"boot":\#(since),"bootID":"this boot"}"#
    let rejection = #"{"fingerprint":"a","rejection":{"on":\#(Int64.min)},"since":\#(moment)}"#
    let backOff = #"{"since":\#(moment),"pause":\#(pause),"reason":"e","isUnusable":false}"#
    try directory.write(
      Array(#"{"backOff":\#(backOff),"rejections":[\#(rejection)]}"#.utf8), to: file)
    #expect(lock.state(of: account).rejection(of: "a", at: noon) == nil)
    #expect(lock.state(of: account).backOff?.remaining(at: noon) == 0)
  }
}
