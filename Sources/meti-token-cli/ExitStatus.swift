/// The exit statuses, from sysexits.h(3head).
enum ExitStatus: Int32 {
  case done = 0
  case usage = 64
  /// Malformed input on stdin or in a file.
  case malformed = 65
  /// The keyring is missing, locked or does not answer.
  case keyring = 69
  case bug = 70
  case inputOutput = 74
  /// Network, timeout, trouble at the server: try again.
  case tryAgain = 75
  /// The server's answer cannot be used.
  case unusable = 76
  /// METI refuses the credentials.
  case refused = 77
  /// No account is stored; log in first.
  case noAccount = 78
  /// The command of `exec` cannot be run, as env(1) has it.
  case cannotRun = 126
  /// There is no such command, as env(1) has it.
  case commandNotFound = 127
  /// Cancelled by the person.
  case cancelled = 130
}
