import Glibc
import MetiToken
import System

/// Where a secret comes from, other than from a terminal.
enum SecretSource {
  case standardInput
  case file(String)
  /// An environment variable, whose value is in the process's memory already.
  case variable(String)

  /// A secret as it was found.
  struct Found: ~Copyable {
    var secret: Secret
    /// Identifies the regular file and its state: changes when the secret does, and tells nothing
    /// about the secret.
    let file: String?
  }

  /// For a user or a password manager at the other end of a pipe, in milliseconds.
  static let inputLimit: Int64 = 120_000

  /// The secret, without the one newline that may end it. Nothing else is stripped.
  /// - Parameters:
  ///   - content: what it is called, a password or a client secret.
  ///   - deadline: ``inputLimit`` from now if `nil`.
  func read(
    _ content: String, until deadline: Deadline? = nil, _ clock: any Clock
  ) throws(SecretSourceError) -> Found {
    var found = try find(
      content, atMost: Credential.longestSecret + 2,
      until: deadline ?? Deadline(Self.inputLimit, from: clock.now()), clock)
    found.secret.removeNewline()
    guard !found.secret.isEmpty else { throw error(.empty, content) }
    guard found.secret.withBytes({ Credential.isLegalSecret($0) }) else {
      throw error(.malformed, content)
    }
    return found
  }

  /// A token, without its newline.
  func readToken(_ clock: any Clock) throws(SecretSourceError) -> Secret {
    let content = "token"
    var found = try find(
      content, atMost: Token.longest + 2, until: Deadline(Self.inputLimit, from: clock.now()),
      clock)
    found.secret.removeNewline()
    guard found.secret.withBytes({ Token.isLegal($0) }) else { throw error(.malformed, content) }
    return found.secret.duplicate()
  }

  var name: String {
    switch self {
    case .standardInput: "standard input"
    case .file(let path): path
    case .variable(let name): name
    }
  }

  /// Whether others than the owner may read the file. A file of root's may also be readable for our
  /// group: Kubernetes mounts secrets so (fsGroup).
  var isExposed: Bool {
    guard case .file(let path) = self else { return false }
    var info = stat()
    guard unsafe stat(path, &info) == 0 else { return false }
    let isForOurGroup =
      info.st_uid == 0 && geteuid() != 0 && Process.groups.contains(info.st_gid)
    return info.st_mode & (isForOurGroup ? 0o007 : 0o077) != 0
  }

  /// Whether reading it changes nothing: a pipe is used up.
  var canBeReadAgain: Bool {
    switch self {
    case .standardInput: return false
    case .variable: return true
    case .file(let path):
      var info = stat()
      return unsafe stat(path, &info) != 0 || info.st_mode & S_IFMT == S_IFREG
    }
  }

  private func error(
    _ reason: SecretSourceError.Reason, _ content: String
  ) -> SecretSourceError {
    SecretSourceError(reason, source: name, content: content)
  }

  private func find(
    _ content: String, atMost room: Int, until deadline: Deadline, _ clock: any Clock
  ) throws(SecretSourceError) -> Found {
    switch self {
    case .standardInput:
      return Found(
        secret: try readAll(STDIN_FILENO, content, atMost: room, until: deadline, clock), file: nil)
    case .variable(let name):
      return Found(secret: Process.secretVariable(name), file: nil)
    case .file(let path):
      // O_NONBLOCK: opening a named pipe would wait for its writer, without a deadline.
      let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
      guard descriptor >= 0 else { throw error(.system(errno), content) }
      defer { close(descriptor) }
      // Before the file is read: a write in between makes another state.
      let file = Self.state(of: descriptor)
      return Found(
        secret: try readAll(descriptor, content, atMost: room, until: deadline, clock), file: file)
    }
  }

  /// `nil` for a pipe, which keeps nothing.
  private static func state(of descriptor: Int32) -> String? {
    var info = stat()
    guard unsafe fstat(descriptor, &info) == 0, info.st_mode & S_IFMT == S_IFREG else {
      return nil
    }
    let time = info.st_mtim
    return "\(info.st_dev).\(info.st_ino).\(info.st_size).\(time.tv_sec).\(time.tv_nsec)"
  }

  /// Everything, up to a little more than a secret may be long.
  private func readAll(
    _ descriptor: Int32, _ content: String, atMost room: Int, until deadline: Deadline,
    _ clock: any Clock
  ) throws(SecretSourceError) -> Secret {
    try unsafe Secret(capacity: room) { (buffer) throws(SecretSourceError) in
      var count = 0
      while count < room {
        guard StandardInput.isReadable(descriptor, until: deadline, clock) else {
          throw error(.timedOut, content)
        }
        let got = unsafe Glibc.read(descriptor, buffer.baseAddress! + count, room - count)
        if got < 0 && (errno == EINTR || errno == EAGAIN) { continue }
        guard got >= 0 else { throw error(.system(errno), content) }
        guard got > 0 else { break }
        count += got
      }
      return count
    }
  }
}

extension Secret {
  /// Removes one newline at the end.
  fileprivate mutating func removeNewline() {
    let ends = withBytes { bytes in
      bytes.byteCount > 0 && bytes.byte(at: bytes.byteCount - 1) == UInt8(ascii: "\n")
    }
    if ends { removeLast() }
  }
}
