import CTestSupport
import Glibc

/// What a child reads from.
enum Input {
  /// /dev/null.
  case nothing
  /// A pipe with these bytes in it, and then its end.
  case bytes([UInt8])
  /// A pipe that `Child.send` writes to, until `Child.closeInput`.
  case open
  /// The terminal; only in a `Terminal`.
  case terminal
  case closed

  static func text(_ text: String) -> Input {
    .bytes(Array(text.utf8))
  }
}

/// What a child writes to.
enum Output {
  case pipe
  /// The terminal; only in a `Terminal`.
  case terminal
  /// A file that is there, such as /dev/full.
  case file(String)
  case closed
}

/// How a child is to be started.
///
/// A child is the leader of a session of its own, so it has no controlling terminal but the
/// one given to it; it has default signal handling, and no open file but its three streams.
struct Launch {
  /// A path, or a name that is looked up in our PATH.
  var program: String
  var arguments: [String] = []
  /// All of it, but for PATH, which is ours where none is given, and a sanitizer's options.
  var environment: [String: String] = [:]
  var directory: String?
  /// The path of a terminal to be the controlling one.
  var terminal: String?

  /// Starts it on these files; nil stands for a closed one. Returns its process id.
  func start(input: Descriptor?, output: Descriptor?, errors: Descriptor?) throws -> pid_t {
    var actions = unsafe posix_spawn_file_actions_t()
    try check("posix_spawn_file_actions_init", unsafe posix_spawn_file_actions_init(&actions))
    defer { unsafe posix_spawn_file_actions_destroy(&actions) }
    if let terminal {
      // The first terminal that the leader of a new session opens becomes its controlling one.
      try check(
        "addopen", unsafe posix_spawn_file_actions_addopen(&actions, 0, terminal, O_RDWR, 0))
    }
    for (number, file) in [(Int32(1), output), (2, errors), (0, input)] {
      if let file {
        try check(
          "adddup2", unsafe posix_spawn_file_actions_adddup2(&actions, file.number, number))
      } else {
        try check("addclose", unsafe posix_spawn_file_actions_addclose(&actions, number))
      }
    }
    try check("addclosefrom", unsafe posix_spawn_file_actions_addclosefrom_np(&actions, 3))
    if let directory {
      try check("addchdir", unsafe posix_spawn_file_actions_addchdir_np(&actions, directory))
    }

    var attributes = posix_spawnattr_t()
    try check("posix_spawnattr_init", unsafe posix_spawnattr_init(&attributes))
    defer { unsafe posix_spawnattr_destroy(&attributes) }
    // This process ignores SIGPIPE, and a child would inherit that.
    var signals = sigset_t()
    unsafe sigfillset(&signals)
    unsafe posix_spawnattr_setsigdefault(&attributes, &signals)
    unsafe sigemptyset(&signals)
    unsafe posix_spawnattr_setsigmask(&attributes, &signals)
    let flags = Int32(spawn_setsid) | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK
    unsafe posix_spawnattr_setflags(&attributes, Int16(flags))

    var variables = environment
    // The options are set by scripts/sanitize alone, and say where a sanitizer's reports go.
    for name in ["PATH", "ASAN_OPTIONS", "TSAN_OPTIONS"] where variables[name] == nil {
      if let value = unsafe getenv(name) { unsafe variables[name] = String(cString: value) }
    }
    var pid: pid_t = 0
    let code = unsafe withCStrings([program] + arguments) { argv in
      unsafe withCStrings(variables.map { "\($0.key)=\($0.value)" }) { envp in
        unsafe posix_spawnp(&pid, program, &actions, &attributes, argv, envp)
      }
    }
    try check("posix_spawn \(program)", code)
    return pid
  }
}

/// Calls `body` with the strings as a list that ends with NULL, as exec wants it.
private func withCStrings<Result>(
  _ strings: [String],
  _ body: (UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>) throws -> Result
) rethrows -> Result {
  var list = unsafe strings.map { unsafe strdup($0) } + [nil]
  defer {
    while let string = unsafe list.popLast() { unsafe free(string) }
  }
  return try unsafe list.withUnsafeMutableBufferPointer { list in
    guard let start = list.baseAddress else { fatalError("a list with a NULL in it is not empty") }
    return try unsafe body(start)
  }
}
