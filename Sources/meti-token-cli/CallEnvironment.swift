import MetiToken
import System

/// The environment variables that a call reads.
enum CallEnvironment {
  /// The value of a variable; `nil` if it is unset or empty, which mean the same here.
  static func value(_ name: String) -> String? {
    guard let value = Process.variable(name), !value.isEmpty else { return nil }
    return value
  }

  /// Whether a variable has a value, which may be a secret.
  static func isSet(_ name: String) -> Bool { !Process.secretVariable(name).isEmpty }

  /// - Throws: `usage` if a variable is not UTF-8, for it would be taken for another value, or if a
  ///   path is not absolute: git and others run this program inside somebody's directory. The secrets
  ///   are read byte for byte, elsewhere.
  static func check() throws {
    for name in texts + paths where !Process.isUTF8(name) {
      throw Failure.usage("\(name) is not UTF-8", hint: manual)
    }
    for name in paths {
      guard let path = value(name), !path.hasPrefix("/") else { continue }
      throw Failure.usage("\(name) is not an absolute path", hint: manual)
    }
  }

  private static let texts = [
    "METI_API_URL", "METI_ACCOUNT", "METI_EMAIL", "METI_CLIENT_ID", "METI_TOKEN_URL",
    "METI_AUDIENCE", "METI_SCOPE", "METI_TOKEN_CACHE", "METI_TOKEN_TIMEOUT",
    "METI_TOKEN_INTERACTIVE",
  ]
  private static let paths = [
    "METI_PASSWORD_FILE", "METI_CLIENT_SECRET_FILE", "CREDENTIALS_DIRECTORY", "METI_CA_FILE",
    "SSL_CERT_FILE",
  ]
  private static let manual = "see ENVIRONMENT in meti-token(1)"

  /// The certificates that METI's is checked against, if they are not the system's.
  static var caFile: String? { value("METI_CA_FILE") ?? value("SSL_CERT_FILE") }

  static func api(_ settings: Settings) throws -> APIURL {
    guard let text = settings.apiURL ?? value("METI_API_URL") else { return .standard }
    do {
      return try APIURL(text)
    } catch {
      throw Failure(error, of: settings.apiURL == nil ? "METI_API_URL" : "--api-url")
    }
  }

  static func selector(_ settings: Settings) throws -> AccountSelector {
    let api = try api(settings)
    let name =
      settings.account ?? value("METI_ACCOUNT") ?? value("METI_EMAIL") ?? value("METI_CLIENT_ID")
    guard let name else { return .any(api) }
    return .named(try Account(name: name, api: api))
  }

  /// Seconds.
  static func timeout(_ settings: Settings) throws -> Int64 {
    if let timeout = settings.timeout { return max(timeout, 1) }
    guard let text = value("METI_TOKEN_TIMEOUT") else { return standardTimeout }
    guard let timeout = Duration(argument: text) else {
      throw Failure.usage("METI_TOKEN_TIMEOUT is not a duration", hint: Duration.hint)
    }
    return max(timeout.seconds, 1)
  }

  /// For the whole call, in seconds.
  static let standardTimeout: Int64 = 30

  static func usesKernelCache() throws -> Bool {
    switch value("METI_TOKEN_CACHE") {
    case nil, "kernel": return true
    case "keyring": return false
    default:
      throw Failure.usage("METI_TOKEN_CACHE is neither kernel nor keyring", hint: manual)
    }
  }
}
