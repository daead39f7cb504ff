import Glibc
import MetiToken

/// The default accounts in a file: a line for each API, with its URL, a space, and the account's
/// name.
///
/// `$XDG_CONFIG_HOME/meti-token/default`, else `~/.config/meti-token/default`. Each change replaces
/// the file in one step. Of two changes at the same moment the later one counts.
public struct DefaultAccountFile: DefaultAccounts {
  private let directory: String?
  /// `nil` without a home directory.
  public var path: String? { directory.map { "\($0)/default" } }

  /// - Parameter variable: the value of an environment variable. A relative directory counts as
  ///   none (XDG Base Directory).
  public init(_ variable: (String) -> String?) {
    let bases = [("XDG_CONFIG_HOME", ""), ("HOME", "/.config")].compactMap { name, rest in
      variable(name).map { ($0, rest) }
    }
    let base = bases.first { $0.0.hasPrefix("/") }
    directory = base.map { "\($0)\($1)/meti-token" }
  }

  public func name(at api: APIURL) throws(DefaultAccountError) -> String? {
    let start = "\(api.text) "
    let line = try lines().first { $0.utf8.starts(with: start.utf8) }
    return line.map { String(Substring($0.utf8.dropFirst(start.utf8.count))) }
  }

  public func set(_ account: Account) throws(DefaultAccountError) {
    try replace(account.api, with: ["\(account.api.text) \(account.name)"])
  }

  public func remove(at api: APIURL) throws(DefaultAccountError) {
    guard try name(at: api) != nil else { return }
    try replace(api, with: [])
  }

  /// More than anybody has accounts.
  private static let longest = 64 * 1024

  /// The lines that are not empty. The thin program reads the file by the same rules.
  private func lines() throws(DefaultAccountError) -> [String] {
    guard let path else { return [] }
    let bytes: [UInt8]
    do {
      bytes = try File.bytes(path, limit: Self.longest + 1)
    } catch {
      if error.code == ENOENT || error.code == ENOTDIR { return [] }
      throw .system(path: path, errno: error.code)
    }
    let isPlain = bytes.allSatisfy { $0 >= 0x20 && $0 != 0x7F || $0 == UInt8(ascii: "\n") }
    guard isPlain, bytes.count <= Self.longest, let text = String(validating: bytes, as: UTF8.self)
    else { throw .malformed(path: path) }
    return text.split(separator: "\n").map(String.init)
  }

  /// Puts `line` in place of the API's lines, and keeps all others.
  private func replace(_ api: APIURL, with line: [String]) throws(DefaultAccountError) {
    guard let directory, let path else { throw .noDirectory }
    let start = "\(api.text) "
    let others = try lines().filter { !$0.utf8.starts(with: start.utf8) }
    let text = Array((others + line).map { "\($0)\n" }.joined().utf8)
    do {
      try File.makeDirectories(directory)
      try unsafe File.replace(path, with: text.span.bytes)
    } catch {
      throw .system(path: path, errno: error.code)
    }
  }
}
