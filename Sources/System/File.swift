import Glibc
import MetiToken

/// Small files of the system.
public enum File {
  /// The first line of a file, white space before it removed; `nil` if it cannot be read.
  public static func contents(_ path: String, limit: Int) -> String? {
    text(path, limit: limit).map { text in
      String(text.drop(while: \.isWhitespace).prefix { !$0.isNewline })
    }
  }

  /// At most `limit` bytes of a file; `nil` if it cannot be read or is not UTF-8.
  public static func text(_ path: String, limit: Int) -> String? {
    let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return nil }
    defer { close(descriptor) }
    guard let bytes = try? read(descriptor, limit: limit) else { return nil }
    return String(validating: bytes, as: UTF8.self)
  }

  /// The bytes up to the end or the limit. Files of proc(5) come in many small pieces.
  static func read(_ descriptor: Int32, limit: Int) throws(SystemError) -> [UInt8] {
    var error: SystemError?
    let bytes = unsafe [UInt8](unsafeUninitializedCapacity: limit) { buffer, count in
      while count < limit {
        let size = unsafe Glibc.read(descriptor, buffer.baseAddress! + count, limit - count)
        if size < 0 && errno == EINTR { continue }
        if size < 0 { error = SystemError() }
        guard size > 0 else { break }
        count += size
      }
    }
    if let error { throw error }
    return bytes
  }
}
