import ArgumentParser
import MetiToken

struct ListCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "list", abstract: "List the stored accounts; a star marks the default.",
    discussion: "Never contacts METI and never prompts. Exits with 78 if no account is stored.")

  @OptionGroup var common: CommonOptions

  func run() throws {
    let call = try Call(common.settings(noPrompt: true))
    let api = call.selector.api
    let stored = try call.store.accounts(at: api)
    if stored.names.isEmpty, stored.locked > 0 { throw KeyringError(.locked) }
    guard !stored.names.isEmpty else {
      throw TokenError.noAccount(.any(api))
    }
    if stored.locked > 0 { Console.warning(StatusReport.lockedText(stored.locked)) }
    let chosen = call.defaultName(among: stored)
    try Output.write(
      stored.names.map {
        "\($0.isSameName(as: chosen) ? "*" : " ") \($0.escapedForTerminal())\n"
      }.joined())
  }
}

extension Call {
  /// The name of the default account: the one that is set, else the only one.
  func defaultName(among stored: StoredAccounts) -> String? {
    if isFromEnvironment { return stored.names.first }
    if let set = renewal.defaultAccount(at: selector.api) { return set.name }
    return stored.names.count == 1 && stored.locked == 0 ? stored.names[0] : nil
  }
}

struct SwitchCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "switch",
    abstract: "Make a stored account the default of its API.",
    usage: "meti-token switch <e-mail> [<options>]")

  @Argument(
    help: ArgumentHelp("The account.", valueName: "e-mail"), completion: .storedAccounts)
  var account: String

  @OptionGroup var common: CommonOptions

  func run() throws {
    var settings = common.settings(account: account)
    settings.isForKeyring = true
    let call = try Call(settings)
    let account = try call.account()
    do {
      try call.renewal.makeDefault(account)
    } catch TokenError.noAccount {
      throw Failure.notStored(account)
    }
    Console.say("\(account.name) is now the default account for \(account.api.text)")
  }
}
