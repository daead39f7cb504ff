import Glibc
import MetiToken

extension Process {
  /// The value of an environment variable that holds a secret, byte for byte; empty where it is
  /// unset (getenv(3)).
  public static func secretVariable(_ name: String) -> Secret {
    guard let value = unsafe getenv(name) else { return Secret() }
    return unsafe Secret(copying: UnsafeRawBufferPointer(start: value, count: strlen(value)).bytes)
  }
}
