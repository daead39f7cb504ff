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
    usage: """
      meti-token [-a E-MAIL] [--min-validity DURATION] [-f] [--json | --header]
                 [--no-prompt]
      meti-token SUBCOMMAND [OPTION ...]
      """,
    discussion: """
      The token is kept in the kernel and in the desktop keyring, and METI is asked only when it \
      has expired.

        meti-token login                            once
        curl -H @<(meti-token --header) https://api.meti.millpont.com/sources
        meti-token curl /sources                    the same, and again after a 401
        meti-token exec -- python3 import.py        with METI_TOKEN set
        meti-token status                           whose token, and for how long
        meti-token doctor                           what is wrong, and what to do

      What the options mean: meti-token help print. They need no subcommand.

      Exit status: 0 done, 64 usage, 69 keyring, 75 try again, 76 unusable answer, 77 refused, \
      78 log in first. All of it is in meti-token(1).
      """,
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
      return answer(error, to: arguments, isSpoken: !invocation.isByGit)
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
    _ error: any Error, to arguments: [String], isSpoken: Bool
  ) -> ExitStatus {
    guard exitCode(for: error) != .success else {
      guard isSpoken else { return .done }
      do {
        try Output.write(fullMessage(for: error) + "\n")
        return .done
      } catch {
        return report(error, isVerbose: false)
      }
    }
    return report(.usage(message(for: error), hint: hint(for: arguments)), isVerbose: false)
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
