import ArgumentParser
import Glibc
import MetiToken
import Posix

Process.harden()
Process.occupyStandardStreams()
// A reader that goes away must show as an error of write(2), with its own exit status.
Process.ignoreWriteSignals()
if let printing = Printing(unsafe Arguments(CommandLine.argc, CommandLine.unsafeArgv)) {
  _exit(MetiTokenCommand.perform(printing).rawValue)
}
_exit(MetiTokenCommand.perform(Invocation(CommandLine.arguments)).rawValue)

struct MetiTokenCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "meti-token",
    abstract: "Print a valid METI token, renewing it when it has expired.",
    version: "meti-token \(Version.text)",
    subcommands: [
      PrintCommand.self, LoginCommand.self, LogoutCommand.self, StatusCommand.self,
      ListCommand.self, SwitchCommand.self, RejectCommand.self, GetCommand.self, StoreCommand.self,
      EraseCommand.self, CapabilityCommand.self, SetupGitCommand.self, ExecCommand.self,
      CurlCommand.self, HeaderFileCommand.self, DoctorCommand.self,
    ],
    defaultSubcommand: PrintCommand.self)

  static func perform(_ printing: Printing) -> ExitStatus {
    do {
      try printing.run(Settings())
      return .done
    } catch {
      return report(error, isVerbose: false)
    }
  }

  /// Runs the command that is called for, and says on stderr what went wrong.
  static func perform(_ invocation: Invocation) -> ExitStatus {
    guard let arguments = invocation.arguments else { return .done }
    if !invocation.isByGit, Help.isMeant(by: arguments) { return say(Help.text) }
    let described: any ParsableCommand.Type =
      CompletedCommand.isMeant(by: arguments) ? CompletedCommand.self : Self.self
    do {
      var command = try described.parseAsRoot(arguments)
      do {
        try command.run()
        return .done
      } catch let failure as Failure {
        // What follows `--` is another program's.
        let ours = arguments.prefix { $0 != "--" }
        return report(failure, isVerbose: ours.contains("-v") || ours.contains("--verbose"))
      }
    } catch {
      return answer(error, to: arguments, of: described, isSpoken: !invocation.isByGit)
    }
  }

  private static func report(_ failure: Failure, isVerbose: Bool) -> ExitStatus {
    Voice.error(failure.message)
    if let hint = failure.hint { Voice.hint(hint) }
    if isVerbose && !failure.detail.isEmpty { Voice.detail(failure.detail) }
    return failure.status
  }

  /// What the parser has to say: help and version on stdout, a mistake on stderr.
  /// - Parameter isSpoken: whether help may be shown; git would take it for an answer.
  private static func answer(
    _ error: any Error, to arguments: [String], of command: any ParsableCommand.Type, isSpoken: Bool
  ) -> ExitStatus {
    guard command.exitCode(for: error) != .success else {
      return isSpoken ? say(command.fullMessage(for: error) + "\n") : .done
    }
    return report(.usage(command.message(for: error), hint: hint(for: arguments)), isVerbose: false)
  }

  private static func say(_ text: String) -> ExitStatus {
    do {
      try Output.write(text)
      return .done
    } catch {
      return report(error, isVerbose: false)
    }
  }

  /// Where to read on: at the command that was meant, where one was.
  private static func hint(for arguments: [String]) -> String {
    let commands = configuration.subcommands.compactMap { $0.configuration.commandName }
    let named = arguments.prefix { $0 != "--" }.firstIndex(where: commands.contains)
    guard let named else { return "see meti-token --help" }
    if named == 0 { return "see meti-token \(arguments[0]) --help" }
    return arguments[0].hasPrefix("-")
      ? "a command comes before its options: meti-token \(arguments[named]) ..."
      : "see meti-token --help"
  }
}
