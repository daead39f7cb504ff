import ArgumentParser
import Glibc
import MetiToken
import System

struct ExecCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "exec",
    abstract: "Run a command with a valid token in its environment.",
    usage: "meti-token exec [--env <name>] [<options>] -- <command> [<argument> ...]",
    discussion: """
      The command takes the place of meti-token: signals and the exit status are its own. \
      METI_PASSWORD, METI_PASSWORD_FILE, METI_CLIENT_SECRET, METI_CLIENT_SECRET_FILE and \
      CREDENTIALS_DIRECTORY are removed from its environment. Without a token the command does \
      not run. The token is not renewed while the command runs.

      Exits with 127 if there is no such command, with 126 if it cannot be run.
      """)

  @Option(
    name: .customLong("env"),
    help: ArgumentHelp("The variable for the token.", valueName: "name"))
  var variable = ChildVariable.token

  @Option(
    help: ArgumentHelp("How long the token must still be valid.", valueName: "duration"))
  var minValidity: Duration?

  @OptionGroup var options: AccountOptions

  @Argument(parsing: .postTerminator, help: "The command, found in PATH, and its arguments.")
  var command: [String] = []

  func validate() throws {
    guard !command.isEmpty else { throw ValidationError("put the command after --") }
    guard ChildVariable.isLegalName(variable) else {
      throw ValidationError("--env: not a legal name of a variable")
    }
  }

  func run() throws {
    // Before GLib or anything else changes it.
    var environment = Environment()
    let call = try Call(options.settings())
    let token = try call.token(
      for: TokenRequest(selector: call.selector, minimumValidity: minValidity?.seconds))
    environment.remove(ChildVariable.secrets)
    environment.set(variable, to: token.secret)
    let error = Process.exec(lastArguments: command.count, environment: environment)
    throw Failure(
      error.code == ENOENT ? .commandNotFound : .cannotRun,
      "cannot run \(command[0]): \(error.text)"
    )
  }
}

/// The variables of a child.
enum ChildVariable {
  static let token = "METI_TOKEN"

  /// Those that hold a long-lived secret, or say where it is; no child needs them.
  static let secrets = [
    "METI_PASSWORD", "METI_PASSWORD_FILE", "METI_CLIENT_SECRET", "METI_CLIENT_SECRET_FILE",
    "CREDENTIALS_DIRECTORY",
  ]

  /// A letter or underscore, then letters, digits and underscores (POSIX.1-2017, 3.235 "Name").
  static func isLegalName(_ name: String) -> Bool {
    name.utf8.allSatisfy { $0.isLetter || $0.isDigit || $0 == UInt8(ascii: "_") }
      && name.utf8.first?.isDigit == false
  }
}
