/// The exit statuses, from sysexits.h(3head).
enum ExitStatus: Int32 {
  case done = 0
  case usage = 64
  /// Malformed input on stdin or in a file.
  case malformed = 65
  /// The keyring is missing, locked or not answering.
  case keyring = 69
  case bug = 70
  case inputOutput = 74
  /// Network, timeout, server trouble: try again.
  case tryAgain = 75
  /// The server's answer is unusable.
  case unusable = 76
  /// METI rejects the credentials.
  case rejected = 77
  /// No account is stored; log in first.
  case noAccount = 78
  /// The command of `exec` cannot be run, as in env(1).
  case cannotRun = 126
  /// There is no such command, as in env(1).
  case commandNotFound = 127
  /// Cancelled by the user.
  case cancelled = 130
}
