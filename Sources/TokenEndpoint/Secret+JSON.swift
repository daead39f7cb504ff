import FoundationEssentials
import MetiToken

/// A member of a JSON object, as a string and as a number; neither for another value.
struct JSONScalar: Decodable {
  let text: String?
  let number: Double?

  init(from decoder: any Decoder) throws {
    let value = try decoder.singleValueContainer()
    text = try? value.decode(String.self)
    number = try? value.decode(Double.self)
  }

  /// The members of an object that are not null; `nil` if `data` is no JSON object.
  static func members(of data: Data) -> [String: JSONScalar]? {
    try? JSONDecoder().decode([String: JSONScalar?].self, from: data).compactMapValues { $0 }
  }
}

extension Secret {
  /// The members of a JSON object, a byte order mark before it or not. The strings in it and the
  /// decoder's own copies are not wiped.
  var members: [String: JSONScalar]? {
    withBytes { bytes in
      unsafe bytes.withUnsafeBytes { buffer in
        let data = unsafe buffer.baseAddress.map {
          unsafe Data(
            bytesNoCopy: UnsafeMutableRawPointer(mutating: $0), count: buffer.count,
            deallocator: .none)
        }
        return JSONScalar.members(of: data ?? Data())
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
