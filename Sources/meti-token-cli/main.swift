import ArgumentParser
import Glibc
import MetiToken
import Posix

Process.harden()
// A reader that goes away must show as an error of write(2), with its own exit status.
Process.ignoreBrokenPipe()
_exit(MetiTokenCommand.perform(Array(CommandLine.arguments.dropFirst())).rawValue)

struct MetiTokenCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "meti-token",
    abstract: "Print a valid METI token, renewing it when it has expired.",
    discussion: """
      curl -H @<(meta) 
      """,
    version: "meti-token \(Version.text)",
    subcommands: [
      PrintCommand.self, LoginCommand.self, LogoutCommand.self, StatusCommand.self,
      RejectCommand.self, ExecCommand.self, CurlCommand.self, HeaderFileCommand.self,
    ],
    defaultSubcommand: PrintCommand.self)

  /// Runs the command that `arguments` name, and says on stderr what went wrong.
  static func perform(_ arguments: [String]) -> ExitStatus {
    do {
      var command = try parseAsRoot(arguments)
      do {
        try command.run()
        return .done
      } catch let failure as Failure {
        // What follows `--` is another program's.
        let ours = arguments.prefix { $0 != "--" }
        return report(failure, isVerbose: ours.contains("-v") || ours.contains("--verbose"))
      }
    } catch {
      return answer(error)
    }
  }

  private static func report(_ failure: Failure, isVerbose: Bool) -> ExitStatus {
    Voice.error(failure.message)
    if let hint = failure.hint { Voice.hint(hint) }
    if isVerbose && !failure.detail.isEmpty { Voice.detail(failure.detail) }
    return failure.status
  }

  /// What the parser has to say: help and version on stdout, a mistake on stderr.
  private static func answer(_ error: any Error) -> ExitStatus {
    guard exitCode(for: error) != .success else {
      return Process.write(fullMessage(for: error) + "\n", to: STDOUT_FILENO) ? .done : .inputOutput
    }
    return report(.usage(message(for: error)), isVerbose: false)
  }
}
