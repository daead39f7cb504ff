import ArgumentParser
import Glibc
import MetiToken
import Posix

struct ExecCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "exec",
    abstract: "Run a command with a valid token in its environment.",
    usage: "meti-token exec [--env <name>] [<options>] -- <command> [<argument> ...]",
    discussion: """
      meti-token becomes the command: signals and the exit status are the command's own. Its \
      environment is as it came, but for the token, and without METI_PASSWORD, \
      METI_PASSWORD_FILE, METI_CLIENT_SECRET, METI_CLIENT_SECRET_FILE and CREDENTIALS_DIRECTORY. \
      Without a token the command is not run.

      A command that outlives the token is not given another one, and whatever the command \
      starts inherits the token.

      127 is the exit status where there is no such command, 126 where it cannot be run.
      """)

  @Option(
    name: .customLong("env"),
    help: ArgumentHelp("The variable that the token is put in.", valueName: "name"))
  var variable = "METI_TOKEN"

  @Option(
    help: ArgumentHelp(
      "How long the token must still be valid (default: 60s).", valueName: "duration"))
  var minValidity: Duration?

  @OptionGroup var account: AccountOption

  @OptionGroup var common: CommonOptions

  @Argument(parsing: .postTerminator, help: "The command, found in PATH, and its arguments.")
  var command: [String] = []

  func validate() throws {
    guard !command.isEmpty else { throw ValidationError("no command is given after --") }
    guard ChildVariable.isLegalName(variable) else {
      throw ValidationError("--env: not a legal name of a variable")
    }
    guard ChildVariable.mayHoldToken(variable) else {
      throw ValidationError("--env: \(variable) has another meaning, and cannot hold the token")
    }
  }

  func run() throws {
    // Before anything that changes it for this process's own sake.
    var environment = Environment()
    let call = try Call(common.settings(account: account.account))
    let token = try call.token(
      for: TokenRequest(
        selector: call.selector, validity: MinimumValidity(asked: minValidity?.seconds)))
    environment.remove(ChildVariable.secrets)
    environment.set(variable, to: token.secret)
    let error = Process.become(lastArguments: command.count, environment: environment)
    throw Failure(
      error == ENOENT ? .commandNotFound : .cannotRun,
      "cannot run \(command[0]): \(unsafe String(cString: strerror(error)))")
  }
}

/// The variables of a child.
enum ChildVariable {
  /// What a long-lived secret comes in, or is found by; no child needs those.
  static let secrets = [
    "METI_PASSWORD", "METI_PASSWORD_FILE", "METI_CLIENT_SECRET", "METI_CLIENT_SECRET_FILE",
    "CREDENTIALS_DIRECTORY",
  ]

  /// A letter or underscore, then letters, digits and underscores (POSIX.1-2017, 3.235 "Name").
  static func isLegalName(_ name: String) -> Bool {
    guard let first = name.utf8.first, !isDigit(first) else { return false }
    return name.utf8.allSatisfy { byte in
      let lower = byte | 0x20
      return (lower >= UInt8(ascii: "a") && lower <= UInt8(ascii: "z")) || isDigit(byte)
        || byte == UInt8(ascii: "_")
    }
  }

  /// Whether a token may be put there: not where the loader (ld.so(8)), the C library or a shell
  /// looks for something else, not where this program or what speaks TLS or through a proxy does, and
  /// not where nothing is passed on.
  static func mayHoldToken(_ name: String) -> Bool {
    let taken = [
      "PATH", "HOME", "SHELL", "PWD", "IFS", "ENV", "BASH_ENV", "TMPDIR", "LANG", "LOCPATH",
      "NLSPATH", "GCONV_PATH", "GETCONF_DIR", "RESOLV_HOST_CONF", "HOSTALIASES", "TZDIR",
      "XDG_RUNTIME_DIR", "DBUS_SESSION_BUS_ADDRESS",
    ]
    let isFamily = ["LD_", "LC_", "GLIBC_", "MALLOC_"].contains { name.hasPrefix($0) }
    return !isFamily && !(taken + configuration + network + secrets).contains(name)
  }

  /// What this program itself reads.
  private static let configuration = [
    "METI_API_URL", "METI_ACCOUNT", "METI_EMAIL", "METI_CLIENT_ID", "METI_TOKEN_URL",
    "METI_AUDIENCE", "METI_SCOPE", "METI_CA_FILE", "METI_TOKEN_CACHE", "METI_TOKEN_INTERACTIVE",
    "METI_TOKEN_TIMEOUT",
  ]

  /// What libraries of TLS and HTTP read: whom to trust, and by which way to go.
  private static let network = [
    "SSL_CERT_FILE", "SSL_CERT_DIR", "SSLKEYLOGFILE", "CURL_CA_BUNDLE", "REQUESTS_CA_BUNDLE",
    "HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY", "NO_PROXY", "https_proxy", "http_proxy", "all_proxy",
    "no_proxy",
  ]

  private static func isDigit(_ byte: UInt8) -> Bool {
    byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9")
  }
}
