import FoundationEssentials
import MetiToken

extension Secret {
  /// Decodes JSON. The decoder's own copies are not wiped.
  func decoded<Value: Decodable>(as type: Value.Type) throws -> Value {
    try withBytes { bytes in
      try unsafe bytes.withUnsafeBytes { buffer in
        let start = bytes.jsonStart
        guard let address = buffer.baseAddress, start < buffer.count else {
          return try JSONDecoder().decode(type, from: Data())
        }
        let data = unsafe Data(
          bytesNoCopy: UnsafeMutableRawPointer(mutating: address + start),
          count: buffer.count - start, deallocator: .none)
        return try JSONDecoder().decode(type, from: data)
      }
    }
  }

  /// The first and the last byte that are neither white space nor a byte order mark.
  var edges: (first: UInt8?, last: UInt8?) {
    withBytes { bytes in
      var (first, last) = (UInt8?.none, UInt8?.none)
      for index in bytes.jsonStart..<bytes.byteCount
      where !bytes.byte(at: index).isJSONWhiteSpace {
        last = bytes.byte(at: index)
        first = first ?? last
      }
      return (first, last)
    }
  }
}

extension RawSpan {
  /// A byte order mark before JSON may be ignored (RFC 8259, 8.1).
  fileprivate var jsonStart: Int { hasByteOrderMark ? 3 : 0 }
}
