import Glibc
import MetiToken
import Posix

/// Secrets that come through stdin or from a file.
enum SecretSource {
  case standardInput
  case file(String)
  /// An environment variable, whose value is in the process's memory already.
  case variable(String)

  /// A secret as it was found.
  struct Found: ~Copyable {
    var secret: Secret
    /// Which state of which regular file it was in: something that changes when the secret does,
    /// and says nothing of it.
    let file: String?
  }

  /// The secret, without the one newline that may end it. Nothing else is stripped.
  /// - Parameters:
  ///   - what: what it is called, a password or a client secret.
  ///   - deadline: of what comes through a pipe; of a person or a password manager where `nil`.
  func read(_ what: String, until deadline: Deadline? = nil) throws(Failure) -> Found {
    let clock = SystemClock()
    var found = try find(
      until: deadline ?? Deadline(Login.patience * 1000, from: clock.now()), clock)
    found.secret.removeNewline()
    guard !found.secret.isEmpty else { throw Failure(.malformed, "\(name) holds no \(what)") }
    guard found.secret.withBytes({ Credential.isLegalSecret($0) }) else {
      throw Failure(
        .malformed,
        "\(name) holds no usable \(what): it must be one line of UTF-8, at most 8 KiB, without "
          + "NUL or carriage return")
    }
    return found
  }

  /// A token from standard input, without its newline.
  static func readToken() throws(Failure) -> Secret {
    let clock = SystemClock()
    var token = try readAll(
      STDIN_FILENO, name: "standard input", atMost: Token.longest + 2,
      until: Deadline(Login.patience * 1000, from: clock.now()), clock)
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

  private func find(until deadline: Deadline, _ clock: any Clock) throws(Failure) -> Found {
    switch self {
    case .standardInput:
      let secret = try Self.readAll(STDIN_FILENO, name: name, until: deadline, clock)
      return Found(secret: secret, file: nil)
    case .variable(let name):
      return Found(secret: Process.secretVariable(name), file: nil)
    case .file(let path):
      // O_NONBLOCK: to open a named pipe would wait for its writer, without a deadline.
      let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
      guard descriptor >= 0 else { throw .inputOutput("cannot read \(path)") }
      defer { close(descriptor) }
      // Before it is read: what is written meanwhile is another state.
      let file = Self.state(of: descriptor)
      let secret = try Self.readAll(descriptor, name: path, until: deadline, clock)
      return Found(secret: secret, file: file)
    }
  }

  /// `nil` for a pipe, in which nothing stays.
  private static func state(of descriptor: Int32) -> String? {
    var info = stat()
    guard unsafe fstat(descriptor, &info) == 0, info.st_mode & S_IFMT == S_IFREG else {
      return nil
    }
    let time = info.st_mtim
    return "\(info.st_dev).\(info.st_ino).\(info.st_size).\(time.tv_sec).\(time.tv_nsec)"
  }

  /// All there is, up to a little more than a secret may be long.
  private static func readAll(
    _ descriptor: Int32, name: String, atMost room: Int = Credential.longestSecret + 2,
    until deadline: Deadline, _ clock: any Clock
  ) throws(Failure) -> Secret {
    try unsafe Secret(capacity: room) { (buffer) throws(Failure) in
      var count = 0
      while count < room {
        guard try StandardInput.isReadable(descriptor, until: deadline, clock) else {
          throw Failure(.tryAgain, "\(name) has not come to its end in time")
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
