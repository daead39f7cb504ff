import ArgumentParser
import MetiToken
import Posix

struct StoreCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "store",
    abstract: "Take note of nothing: git calls this with the token it was given.",
    usage: "meti-token store [<options>]",
    discussion: """
      After a success git has every helper store the credential, and cannot tell the token it was \
      given from an account's password. Only meti-token login stores an account.
      """)

  @OptionGroup var account: AccountOption
  @OptionGroup var common: CommonOptions

  /// Reads the request only so that the caller can write it without SIGPIPE.
  func run() {
    let clock = SystemClock()
    let deadline = Deadline(HelperCall.longest, from: clock.now())
    _ = try? StandardInput.request(form: .git, until: deadline, clock: clock)
  }
}
