/// A password or credential that came with a request.
///
/// It can be compared and nothing else: it has no description, is never a `String`, cannot be
/// copied, and is overwritten when it goes. The buffer it was read from is the caller's to wipe;
/// `RequestAccumulator` wipes its own.
public struct CallerSecret: ~Copyable, Sendable {
  let bytes: WipedBytes

  init(copying bytes: Span<UInt8>) {
    self.bytes = WipedBytes(copying: bytes)
  }

  /// Whether the secret is exactly `other`, in a time that depends on their lengths alone.
  public func equals(_ other: Span<UInt8>) -> Bool {
    bytes.withBytes { own in
      guard own.count == other.count else { return false }
      var difference: UInt8 = 0
      for index in own.indices { difference |= own[index] ^ other[index] }
      return difference == 0
    }
  }
}
