import Glibc
import MetiToken

/// The default accounts in a file: a line for each API, with its URL, a space, and the account's
/// name.
///
/// `$XDG_CONFIG_HOME/meti-token/default`, else `~/.config/meti-token/default`. Each change replaces
/// the file in one step. Of two changes at the same moment the later one counts.
public struct DefaultAccountFile: DefaultAccounts {
  /// `nil` without a home directory.
  public let path: String?

  /// - Parameter variable: the value of an environment variable. A relative directory counts as
  ///   none (XDG Base Directory).
  public init(_ variable: (String) -> String?) {
    if let directory = variable("XDG_CONFIG_HOME"), directory.hasPrefix("/") {
      path = "\(directory)/meti-token/default"
    } else if let home = FileSystem.home(variable), home.hasPrefix("/") {
      path = "\(home)/.config/meti-token/default"
    } else {
      path = nil
    }
  }

  public func name(at api: APIURL) throws(DefaultAccountError) -> String? {
    guard let path else { return nil }
    let start = "\(api.text) "
    let line = try lines(path).first { $0.utf8.starts(with: start.utf8) }
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
  private func lines(_ path: String) throws(DefaultAccountError) -> [String] {
    // O_NONBLOCK: open(2) would wait for the writer of a named pipe.
    let file = unsafe open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)
    guard file >= 0 else {
      let error = SystemError()
      if error.code == ENOENT || error.code == ENOTDIR { return [] }
      throw .system(path: path, errno: error.code)
    }
    defer { close(file) }
    var info = stat()
    guard unsafe fstat(file, &info) == 0, info.st_mode & S_IFMT == S_IFREG,
      info.st_size <= Self.longest
    else { throw .malformed(path: path) }
    let bytes: [UInt8]
    do {
      bytes = try File.read(file, limit: Self.longest)
    } catch {
      throw .system(path: path, errno: error.code)
    }
    let isPlain = bytes.allSatisfy { $0 >= 0x20 && $0 != 0x7F || $0 == UInt8(ascii: "\n") }
    guard isPlain, let text = String(validating: bytes, as: UTF8.self) else {
      throw .malformed(path: path)
    }
    return text.split(separator: "\n").map(String.init)
  }

  /// Puts `line` in place of the API's lines, and keeps all others.
  private func replace(_ api: APIURL, with line: [String]) throws(DefaultAccountError) {
    guard let path else { throw .noDirectory }
    let start = "\(api.text) "
    let others = try lines(path).filter { !$0.utf8.starts(with: start.utf8) }
    do {
      try write((others + line).map { "\($0)\n" }.joined(), to: path)
    } catch {
      throw .system(path: path, errno: error.code)
    }
  }

  private func write(_ text: String, to path: String) throws(SystemError) {
    let path = String(path.dropLast("/default".utf8.count))
    try FileSystem.makeDirectories(path)
    let directory = unsafe open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard directory >= 0 else { throw SystemError() }
    defer { close(directory) }
    let bytes = Array(text.utf8)
    _ = unsafe try FileSystem.replace("default", in: directory, with: bytes.span.bytes)
  }
}
