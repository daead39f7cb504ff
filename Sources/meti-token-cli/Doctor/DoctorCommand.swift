import ArgumentParser
import MetiToken

struct DoctorCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "doctor",
    abstract: "Find what is wrong, and what to do about it.",
    usage: "meti-token doctor [--account <e-mail>] [--json] [<options>]",
    discussion: """
      Checks the keyring, the kernel cache, the network and METI. Never prompts, sends no \
      credentials, and shows no secret. Exits with the status of the first check that failed; the \
      report is on stdout in any case.
      """)

  @Flag(help: "Print JSON.")
  var json = false

  @OptionGroup var options: AccountOptions

  func run() throws {
    let settings = options.settings(noPrompt: true)
    let report = try Doctor(call: Call(settings)).report()
    try json ? Output.write(json: report) : Output.write(report.text)
    if let failure = report.failure { throw failure }
  }
}
