import ArgumentParser
import KernelCache
import MetiToken

struct LogoutCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "logout", abstract: "Remove an account, or its token, from keyring and kernel.")

  @OptionGroup var account: AccountOption

  @Flag(help: "Every account of this API.")
  var all = false

  @Flag(help: "Remove the token only; the account stays.")
  var tokenOnly = false

  @OptionGroup var common: CommonOptions

  func validate() throws {
    if all && account.account != nil {
      throw ValidationError("--all and --account exclude each other")
    }
  }

  func run() throws {
    var settings = common.settings(account: account.account)
    settings.acceptsAnyName = true
    let call = try Call(settings, forgets: true)
    if all {
      try forgetAll(call)
    } else {
      let account = try call.account()
      // Of an account from the environment all that is kept may be that METI refused it.
      guard try forget(account, call) || tokenOnly || call.isFromEnvironment else {
        throw Failure(TokenError.noAccount(AccountSelector(account)))
      }
    }
  }

  private func forgetAll(_ call: Call) throws(Failure) {
    let api = call.selector.api
    // Also tokens of accounts that the keyring does not know, or no longer.
    KernelCache().dropAll(at: api)
    defer { KernelCache().dropAll(at: api) }
    do {
      for name in try call.store.accounts(at: api) {
        if let account = try? Account(name: name, api: api) { _ = try forget(account, call) }
      }
      if !tokenOnly { _ = try call.store.removeDefault(at: api) }
    } catch let error as KeyringError {
      throw Failure(error)
    } catch let error as Failure {
      throw error
    } catch {
      throw Failure(.bug, "\(error)")
    }
  }

  private func forget(_ account: Account, _ call: Call) throws(Failure) -> Bool {
    do {
      let isGone = try call.renewal.forget(account, tokenOnly: tokenOnly, until: call.deadline)
      guard isGone else { return false }
    } catch {
      throw Failure(error)
    }
    let what = tokenOnly || call.isFromEnvironment ? "removed the token of" : "logged out"
    Voice.say("\(what) \(account.name) at \(account.api.text)")
    return true
  }
}
