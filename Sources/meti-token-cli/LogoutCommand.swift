import ArgumentParser
import MetiToken

struct LogoutCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "logout",
    abstract: "Remove an account and its token, from keyring and kernel.",
    usage: "meti-token logout [--account <e-mail> | --all] [--token-only] [<options>]")

  @Flag(help: "Remove every account of this API.")
  var all = false

  @Flag(help: "Remove the token only; the account stays.")
  var tokenOnly = false

  @OptionGroup var options: AccountOptions

  func validate() throws {
    if all && options.account != nil {
      throw ValidationError("use either --all or --account")
    }
  }

  func run() throws {
    let call = try Call(options.settings())
    // An account in the environment stays there, and the default account is the keyring's.
    let tokenOnly = tokenOnly || call.isFromEnvironment
    let report = { (account: Account) in
      let what = tokenOnly ? "removed the token of" : "logged out"
      Console.say("\(what) \(account.name) at \(account.api.text)")
    }
    if all {
      return try call.renewal.logOutAll(
        at: call.selector.api, tokensOnly: tokenOnly, until: call.deadline, removed: report)
    }
    let account = try call.account()
    if try call.renewal.logOut(account, tokenOnly: tokenOnly, until: call.deadline) {
      report(account)
    } else if !tokenOnly {
      throw Failure.notStored(account)
    }
  }
}

extension Failure {
  /// For commands about stored accounts, which a log-in would not help.
  static func notStored(_ account: Account) -> Failure {
    Failure(
      .noAccount, "account \(account.name) is not stored for \(account.api.text)",
      hint: "list the stored accounts with: meti-token list" + LoginLine.option(for: account.api))
  }
}
