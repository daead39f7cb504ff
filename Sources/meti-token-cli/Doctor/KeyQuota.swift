/// How much of the kernel's quota for keys a user has used (proc(5), /proc/key-users).
public struct KeyQuota: Equatable, Sendable {
  public let keys: Int
  public let mostKeys: Int
  public let bytes: Int
  public let mostBytes: Int

  /// - Parameter text: lines of `UID: USAGE NKEYS/NIKEYS QNKEYS/MAXKEYS QNBYTES/MAXBYTES`.
  /// - Returns: `nil` where the user has no line that can be read.
  public init?(_ text: String, user: UInt32) {
    for line in text.split(separator: "\n") {
      let fields = line.split(separator: " ")
      guard fields.count == 5, fields[0] == "\(user):" else { continue }
      let keys = fields[3].split(separator: "/").compactMap { Int($0) }
      let bytes = fields[4].split(separator: "/").compactMap { Int($0) }
      guard keys.count == 2, bytes.count == 2 else { return nil }
      (self.keys, mostKeys, self.bytes, mostBytes) = (keys[0], keys[1], bytes[0], bytes[1])
      return
    }
    return nil
  }

  public var text: String { "\(keys) of \(mostKeys) keys and \(bytes) of \(mostBytes) bytes" }
}
