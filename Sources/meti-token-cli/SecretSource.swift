import Glibc
import MetiToken
import Posix

/// Secrets that come through stdin or from a file.
enum SecretSource {
  case standardInput
  case file(String)
  /// An environment variable, whose value is in the process's memory already.
  case variable(String)

  /// The secret, without the one newline that may end it. Nothing else is stripped.
  /// - Parameter what: what it is called, a password or a client secret.
  func read(_ what: String) throws(Failure) -> Secret {
    var secret = try bytes()
    secret.removeNewline()
    guard !secret.isEmpty else { throw Failure(.malformed, "\(name) holds no \(what)") }
    guard secret.withBytes({ Credential.isLegalSecret($0) }) else {
      throw Failure(
        .malformed,
        "\(name) holds no usable \(what): it must be one line of UTF-8, at most 8 KiB, without "
          + "NUL or carriage return")
    }
    return secret
  }

  /// A token from standard input, without its newline.
  static func readToken() throws(Failure) -> Secret {
    var token = try readAll(STDIN_FILENO, name: "standard input", atMost: Token.longest + 2)
    token.removeNewline()
    guard token.withBytes({ Token.isLegal($0) }) else {
      throw Failure(.malformed, "standard input holds no token")
    }
    return token
  }

  var name: String {
    switch self {
    case .standardInput: "standard input"
    case .file(let path): path
    case .variable(let name): name
    }
  }

  /// Something that changes when the secret does, and says nothing of it.
  var mark: String {
    guard case .file(let path) = self else { return "" }
    var info = stat()
    guard unsafe stat(path, &info) == 0 else { return "" }
    return "\(info.st_ino).\(info.st_size).\(info.st_mtim.tv_sec).\(info.st_mtim.tv_nsec)"
  }

  /// Whether others than the owner may read the file.
  var isExposed: Bool {
    guard case .file(let path) = self else { return false }
    var info = stat()
    return unsafe stat(path, &info) == 0 && info.st_mode & 0o077 != 0
  }

  /// Whether reading it changes nothing: what a pipe has given is gone.
  var canBeReadAgain: Bool {
    switch self {
    case .standardInput: return false
    case .variable: return true
    case .file(let path):
      var info = stat()
      return unsafe stat(path, &info) != 0 || info.st_mode & S_IFMT == S_IFREG
    }
  }

  private func bytes() throws(Failure) -> Secret {
    switch self {
    case .standardInput:
      return try Self.readAll(STDIN_FILENO, name: name)
    case .variable(let name):
      return Secret(copying: Process.variable(name) ?? "")
    case .file(let path):
      // O_NONBLOCK: a named pipe without a writer must not hold us up.
      let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
      guard descriptor >= 0 else { throw .inputOutput("cannot read \(path)") }
      defer { close(descriptor) }
      return try Self.readAll(descriptor, name: path)
    }
  }

  /// All there is, up to a little more than a secret may be long.
  private static func readAll(
    _ descriptor: Int32, name: String, atMost room: Int = Credential.longestSecret + 2
  ) throws(Failure) -> Secret {
    let clock = SystemClock()
    let deadline = Deadline(Login.patience * 1000, from: clock.now())
    return try unsafe Secret(capacity: room) { (buffer) throws(Failure) in
      var count = 0
      while count < room {
        guard try StandardInput.isReadable(descriptor, until: deadline, clock) else {
          throw Failure(.inputOutput, "\(name) has not come to its end in time")
        }
        let got = unsafe Glibc.read(descriptor, buffer.baseAddress! + count, room - count)
        if got < 0 && (errno == EINTR || errno == EAGAIN) { continue }
        guard got >= 0 else { throw .inputOutput("cannot read \(name)") }
        guard got > 0 else { break }
        count += got
      }
      return count
    }
  }
}

extension Secret {
  /// Removes the newline at the end, where there is one.
  fileprivate mutating func removeNewline() {
    let ends = withBytes { bytes in
      let bytes = Span<UInt8>(_bytes: bytes)
      return !bytes.isEmpty && bytes[bytes.count - 1] == UInt8(ascii: "\n")
    }
    if ends { removeLast() }
  }
}
