import ArgumentParser
import HelperProtocols

struct CapabilityCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "capability",
    abstract: "Print what of git-credential(1) is understood.",
    usage: "meti-token capability [<options>]")

  @OptionGroup var account: AccountOption
  @OptionGroup var common: CommonOptions

  func run() throws {
    var answer = GitCredentialAnswer.capabilities
    try Output.write(wiping: &answer)
  }
}
