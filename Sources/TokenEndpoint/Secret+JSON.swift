import FoundationEssentials
import MetiToken

extension Secret {
  /// Decodes JSON, a byte order mark before it or not. The decoder's own copies are not wiped.
  func decoded<Value: Decodable>(as type: Value.Type) throws -> Value {
    try withBytes { bytes in
      try unsafe bytes.withUnsafeBytes { buffer in
        let data = unsafe buffer.baseAddress.map {
          unsafe Data(
            bytesNoCopy: UnsafeMutableRawPointer(mutating: $0), count: buffer.count,
            deallocator: .none)
        }
        return try JSONDecoder().decode(type, from: data ?? Data())
      }
    }
  }

  /// The first and the last byte that are not white space.
  var edges: (first: UInt8?, last: UInt8?) {
    withBytes { bytes in
      var (first, last) = (UInt8?.none, UInt8?.none)
      for index in 0..<bytes.byteCount where !bytes.byte(at: index).isJSONWhiteSpace {
        last = bytes.byte(at: index)
        first = first ?? last
      }
      return (first, last)
    }
  }
}
