import ArgumentParser
import Diagnosis
import MetiToken

struct DoctorCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "doctor",
    abstract: "Look for what is wrong, and say what to do about it.",
    usage: "meti-token doctor [--account <e-mail>] [--json] [<options>]",
    discussion: """
      Looks at the keyring, the kernel's keyring, the network and METI, asks nobody, sends no \
      credentials, and shows no secret. Exits with the status of the first check that failed, \
      with the report on stdout all the same.
      """)

  @OptionGroup var account: AccountOption

  @Flag(help: "Print JSON.")
  var json = false

  @OptionGroup var common: CommonOptions

  func run() throws {
    let report = try Doctor(common.settings(account: account.account, noPrompt: true)).examine()
    do {
      try Output.write(json ? try report.json() : report.text)
    } catch let failure as Failure {
      throw failure
    } catch {
      throw Failure(.bug, "the report cannot be written as JSON")
    }
    guard let status = ExitStatus(rawValue: report.status), status != .done else { return }
    let names = report.failures.map(\.rawValue).joined(separator: ", ")
    throw Failure(status, "not all is well: \(names)")
  }
}
