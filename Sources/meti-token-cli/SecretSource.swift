import CLinux
import Glibc
import MetiToken
import System

/// Where a secret comes from, other than from a terminal.
enum SecretSource {
  case standardInput
  case file(String)
  /// An environment variable, whose value is in the process's memory already.
  case variable(String)

  /// For a user or a password manager at the other end of a pipe, in milliseconds.
  static let inputLimit: Int64 = 120_000

  /// A password or client secret, without the one newline that may end it. Nothing else is stripped.
  /// - Parameters:
  ///   - content: what it is called.
  ///   - deadline: ``inputLimit`` from now if `nil`.
  func read(
    _ content: String, until deadline: Deadline? = nil, _ clock: any Clock
  ) throws(SecretSourceError) -> Secret {
    let end = deadline ?? Deadline(Self.inputLimit, from: clock.now())
    let secret = try line(content, atMost: Credential.longestSecret, until: end, clock)
    guard secret.withBytes({ Credential.isLegalSecret($0) }) else {
      throw error(secret.isEmpty ? .empty : .malformed, content)
    }
    return secret
  }

  func readToken(_ clock: any Clock) throws(SecretSourceError) -> Secret {
    let end = Deadline(Self.inputLimit, from: clock.now())
    let secret = try line("token", atMost: Token.longest, until: end, clock)
    guard secret.withBytes({ Token.isLegal($0) }) else { throw error(.malformed, "token") }
    return secret
  }

  var name: String {
    switch self {
    case .standardInput: "standard input"
    case .file(let path): path
    case .variable(let name): name
    }
  }

  /// The file, if others may read it. Root has chosen the group of its own files, as Kubernetes
  /// (fsGroup) and systemd do.
  var exposedFile: String? {
    var info = stat()
    guard case .file(let path) = self, unsafe stat(path, &info) == 0,
      info.st_mode & (info.st_uid == 0 ? 0o007 : 0o077) != 0
    else { return nil }
    return path
  }

  private func error(
    _ reason: SecretSourceError.Reason, _ content: String
  ) -> SecretSourceError {
    SecretSourceError(reason, source: name, content: content)
  }

  /// All that there is, or a little more than `longest` bytes, without a newline at its end.
  private func line(
    _ content: String, atMost longest: Int, until deadline: Deadline, _ clock: any Clock
  ) throws(SecretSourceError) -> Secret {
    var secret: Secret
    switch self {
    case .standardInput: secret = try readAll(STDIN_FILENO, content, longest + 2, deadline, clock)
    case .variable(let name): secret = Process.secretVariable(name)
    case .file(let path):
      // O_NONBLOCK: opening a named pipe would wait for its writer, without a deadline.
      let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
      guard descriptor >= 0 else { throw error(.system(errno), content) }
      defer { close(descriptor) }
      secret = try readAll(descriptor, content, longest + 2, deadline, clock)
    }
    let endsInNewline = secret.withBytes { bytes in
      bytes.byteCount > 0 && bytes.byte(at: bytes.byteCount - 1) == UInt8(ascii: "\n")
    }
    if endsInNewline { secret.truncate(to: secret.count - 1) }
    return secret
  }

  private func readAll(
    _ descriptor: Int32, _ content: String, _ room: Int, _ deadline: Deadline, _ clock: any Clock
  ) throws(SecretSourceError) -> Secret {
    var secret = Secret()
    do {
      while secret.count < room {
        let piece = try File.secret(
          descriptor, atMost: room - secret.count, until: deadline, clock)
        if piece.isEmpty { break }
        piece.withBytes { secret.append($0) }
      }
    } catch {
      throw self.error(.system(error.code), content)
    }
    return secret
  }
}
