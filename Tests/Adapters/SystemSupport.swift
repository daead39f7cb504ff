import CTestSupport
import Foundation
import Glibc
import MetiToken
import Testing

/// Noon of 2026-01-01 UTC on a machine that started an hour ago.
let noon = Moment(wall: 1_767_268_800_000, boot: 3_600_000, bootID: "this boot")

extension Moment {
  /// `milliseconds` later on both clocks.
  func later(_ milliseconds: Int64) -> Moment {
    Moment(wall: wall + milliseconds, boot: boot + milliseconds, bootID: bootID)
  }
}

/// A clock that stands still but for pauses.
final class FakeClock: MetiToken.Clock {
  private(set) var moment = noon
  private(set) var pauses: [Int64] = []
  /// Called in every pause.
  var whilePausing: () -> Void = {}

  func now() -> Moment { moment }

  func pause(_ milliseconds: Int64) {
    pauses.append(milliseconds)
    moment = moment.later(milliseconds)
    whilePausing()
  }

  func random() -> Double { 0.5 }
}

/// A directory that only we can enter, removed with the last reference to it.
final class TemporaryDirectory: Sendable {
  /// No slash at the end.
  let path: String

  init() throws {
    path = FileManager.default.temporaryDirectory.appending(path: "meti-\(UUID().uuidString)").path
    try make("")
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  /// The path of `name` in it.
  func callAsFunction(_ name: String) -> String { "\(path)/\(name)" }

  func make(_ name: String, mode: Int = 0o700, owner: UInt32? = nil) throws {
    try FileManager.default.createDirectory(
      atPath: name.isEmpty ? path : self(name), withIntermediateDirectories: false)
    var attributes: [FileAttributeKey: Any] = [.posixPermissions: mode]
    if let owner { attributes[.ownerAccountID] = owner }
    try FileManager.default.setAttributes(
      attributes, ofItemAtPath: name.isEmpty ? path : self(name))
  }

  func write(_ bytes: [UInt8], to name: String) throws {
    try Data(bytes).write(to: URL(filePath: self(name)))
  }

  func link(_ name: String, to target: String) throws {
    try FileManager.default.createSymbolicLink(atPath: self(name), withDestinationPath: target)
  }

  func mode(_ name: String = "") throws -> Int? {
    let path = name.isEmpty ? path : self(name)
    return try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
  }

  func text(_ name: String) throws -> String {
    try String(contentsOfFile: self(name), encoding: .utf8)
  }

  func names(_ name: String = "") throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: self(name)).sorted()
  }
}

/// A text for a test, which is printed in one short line.
struct Sample: CustomTestStringConvertible, Sendable {
  let text: String
  let testDescription: String

  init(_ text: String) { self.init(text.debugDescription, text) }

  init(_ description: String, _ text: String) {
    self.text = text
    testDescription = description
  }
}

/// Runs `body` with a umask that only it has: on a thread with a file system state of its own
/// (unshare(2), CLONE_FS).
func withUmask(_ mask: mode_t, _ body: @escaping @Sendable () throws -> Void) throws {
  let done = DispatchSemaphore(value: 0)
  nonisolated(unsafe) var result: Result<Void, any Error> = .failure(POSIXError(.EPERM))
  Thread {
    if unshare(CLONE_FS) == 0 {
      umask(mask)
      unsafe result = Result { try body() }
    }
    done.signal()
  }.start()
  done.wait()
  try unsafe result.get()
}
