import Foundation
import MetiToken

/// Noon of 2026-01-01 UTC on a machine that started an hour ago.
let noon = Moment(wall: 1_767_268_800_000, boot: 3_600_000, bootID: "this boot")

extension Moment {
  /// `milliseconds` later on both clocks.
  func later(_ milliseconds: Int64) -> Moment {
    Moment(wall: wall + milliseconds, boot: boot + milliseconds, bootID: bootID)
  }
}

/// A clock that stands still until somebody pauses.
final class FakeClock: MetiToken.Clock {
  private(set) var moment = noon
  private(set) var pauses: [Int64] = []
  /// Is told of every pause.
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
final class TemporaryDirectory {
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

  func names(_ name: String = "") throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: self(name)).sorted()
  }
}

/// The text of a secret; those of the tests are none.
func text(_ secret: borrowing Secret) -> String {
  secret.withBytes { bytes in
    unsafe bytes.withUnsafeBytes { unsafe String(decoding: $0, as: UTF8.self) }
  }
}
