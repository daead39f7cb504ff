import ArgumentParser
import MetiToken

struct StatusCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "status",
    abstract: "Show the stored accounts, and how long their tokens are valid.",
    usage: "meti-token status [--account <e-mail>] [--json] [<options>]",
    discussion: "Never contacts METI, never prompts, and shows no secret.")

  @Flag(help: "Print JSON.")
  var json = false

  @OptionGroup var options: AccountOptions

  func run() throws {
    let settings = options.settings(noPrompt: true)
    let report = try StatusReport(Call(settings))
    try json ? Output.write(json: report) : Output.write(report.text)
  }
}
