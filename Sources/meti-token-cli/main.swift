import ArgumentParser
import Glibc
import MetiToken
import System

Process.prepare()
_exit(MetiTokenCommand.perform(Invocation(CommandLine.arguments)).rawValue)

struct MetiTokenCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "meti-token",
    abstract: "Print a valid METI token, renewing it when it has expired.",
    version: "meti-token \(Version.text)",
    subcommands: [PrintCommand.self],
    groupedSubcommands: [
      CommandGroup(
        name: "Accounts",
        subcommands: [
          LoginCommand.self, LogoutCommand.self, StatusCommand.self, ListCommand.self,
          SwitchCommand.self, RejectCommand.self,
        ]),
      CommandGroup(name: "Programs", subcommands: [ExecCommand.self, CurlCommand.self]),
      CommandGroup(
        name: "Helpers",
        subcommands: [
          SetupGitCommand.self, HeaderFileCommand.self, GetCommand.self, StoreCommand.self,
          EraseCommand.self, CapabilityCommand.self,
        ]),
      CommandGroup(name: "Trouble", subcommands: [DoctorCommand.self]),
    ],
    defaultSubcommand: PrintCommand.self)

  /// Runs the command that is asked for, and reports on stderr what went wrong.
  static func perform(_ invocation: Invocation) -> ExitStatus {
    guard let arguments = invocation.arguments else { return .done }
    do {
      // Without the parser, which would cost as much as half a lookup.
      let forms: [[String]: TokenForm] = [[]: .bare, ["--json"]: .json, ["--header"]: .header]
      if !invocation.isByGit, let form = forms[arguments] {
        let call = try Call(Settings())
        try call.printToken(for: TokenRequest(selector: call.selector), as: form)
        return .done
      }
      if !invocation.isByGit, [["--help"], ["-h"], ["help"]].contains(arguments) {
        try Output.write(Help.text)
        return .done
      }
      let isCompletion = arguments.first?.hasPrefix("--generate-completion-script") ?? false
      let root: any ParsableCommand.Type = isCompletion ? CompletedCommand.self : Self.self
      return try run(root, arguments, isByGit: invocation.isByGit)
    } catch {
      let failure = Failure(error)
      Console.error(failure.message)
      if let hint = failure.hint { Console.hint(hint) }
      // What follows `--` is another program's.
      let ours = arguments.prefix { $0 != "--" }
      let isVerbose = ours.contains("-v") || ours.contains("--verbose")
      if isVerbose && !failure.detail.isEmpty { Console.detail(failure.detail) }
      return failure.status
    }
  }

  private static func run(
    _ root: any ParsableCommand.Type, _ arguments: [String], isByGit: Bool
  ) throws -> ExitStatus {
    // Swift has put U+FFFD for what is not UTF-8. What another program gets is passed byte for byte.
    let ours = arguments.first == "curl" ? [] : arguments.prefix { $0 != "--" }
    guard !ours.contains(where: { $0.unicodeScalars.contains("\u{FFFD}") }) else {
      throw Failure.usage("an argument is not UTF-8", hint: nil)
    }
    if let unknown = unknownCommand(arguments) {
      throw Failure.usage(
        "there is no command \(unknown)",
        hint: nearest(unknown).map { "did you mean: meti-token \($0)" } ?? "see meti-token --help")
    }
    do {
      var command = try root.parseAsRoot(arguments)
      try command.run()
    } catch {
      switch root.exitCode(for: error) {
      case .success:
        // Help, the version or a completion script; git would take it for an answer.
        if !isByGit { try Output.write(root.fullMessage(for: error) + "\n") }
      case .validationFailure:
        let message = root.message(for: error)
        throw Failure.usage(
          message, hint: message.hasSuffix("<duration>'") ? Duration.hint : hint(for: arguments))
      default: throw error
      }
    }
    return .done
  }

  private static var commands: [String] {
    (configuration.ungroupedSubcommands + configuration.groupedSubcommands.flatMap(\.subcommands))
      .compactMap { $0.configuration.commandName }
  }

  /// What was typed as a command, also after `help`, and is none; `nil` otherwise.
  private static func unknownCommand(_ arguments: [String]) -> String? {
    let words = arguments.first == "help" ? arguments.dropFirst() : arguments[...]
    guard let word = words.first, !word.hasPrefix("-"), word != "help" else { return nil }
    return commands.contains(word) ? nil : word
  }

  /// The command whose letters differ least from `word`, if it is close.
  private static func nearest(_ word: String) -> String? {
    let difference = { (command: String) in
      Array(command).difference(from: Array(word)).count
    }
    let best = commands.filter { $0 != "print" }.min { difference($0) < difference($1) }
    return best.flatMap { difference($0) <= 3 ? $0 : nil }
  }

  /// The help of the command that was typed, if there is one.
  private static func hint(for arguments: [String]) -> String {
    let named = arguments.prefix { $0 != "--" }.first(where: commands.contains)
    guard let named else { return "see meti-token --help" }
    return arguments[0].hasPrefix("-")
      ? "put the command before its options: meti-token \(named) ..."
      : "see meti-token \(named) --help"
  }
}
