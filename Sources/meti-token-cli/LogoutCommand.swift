import ArgumentParser
import KernelCache
import MetiToken

struct LogoutCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "logout",
    abstract: "Remove an account, or its token, from keyring and kernel.",
    usage: "meti-token logout [--account <e-mail> | --all] [--token-only] [<options>]")

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
      let isGone: Bool
      do { isGone = try forget(account, call) } catch { throw Failure(error) }
      guard isGone || tokenOnly || call.isFromEnvironment else {
        throw Failure.ofStored(.noAccount(AccountSelector(account)))
      }
    }
  }

  /// What fails with one account keeps none of the others; the first failure is told in the end.
  private func forgetAll(_ call: Call) throws(Failure) {
    let api = call.selector.api
    // Also tokens of accounts that the keyring does not know, or no longer.
    KernelCache().dropAll(at: api)
    defer { KernelCache().dropAll(at: api) }
    var first: TokenError?
    for account in try accounts(call) {
      do {
        _ = try forget(account, call)
      } catch {
        // Who has declined once is not asked about the others.
        if error.isByPerson { throw Failure(error) }
        first = first ?? error
      }
    }
    if !tokenOnly {
      do { _ = try call.store.removeDefault(at: api) } catch { first = first ?? .keyring(error) }
    }
    if let first { throw Failure(first) }
  }

  private func accounts(_ call: Call) throws(Failure) -> [Account] {
    let api = call.selector.api
    do {
      return try call.store.accounts(at: api).compactMap { try? Account(name: $0, api: api) }
    } catch {
      throw Failure(error)
    }
  }

  private func forget(_ account: Account, _ call: Call) throws(TokenError) -> Bool {
    let isGone = try call.renewal.forget(account, tokenOnly: tokenOnly, until: call.deadline)
    guard isGone else { return false }
    let what = tokenOnly || call.isFromEnvironment ? "removed the token of" : "logged out"
    Voice.say("\(what) \(account.name) at \(account.api.text)")
    return true
  }
}

extension TokenError {
  /// Whether a person did not agree, or did not answer.
  fileprivate var isByPerson: Bool {
    guard case .keyring(let error) = self else { return false }
    return [.dismissed, .declined, .unanswered].contains(error.kind)
  }
}
