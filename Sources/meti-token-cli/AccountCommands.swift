import ArgumentParser
import MetiToken

struct ListCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "list", abstract: "List the stored accounts, the default one marked by a star.",
    discussion: "Asks neither METI nor you. Exits with 78 where none is stored.")

  @OptionGroup var common: CommonOptions

  func run() throws {
    let call = try Call(common.settings(noPrompt: true))
    let api = call.selector.api
    let names: [String]
    let chosen: String?
    do {
      names = try call.store.accounts(at: api)
      chosen = try call.store.defaultAccount(at: api) ?? (names.count == 1 ? names[0] : nil)
    } catch {
      throw Failure(error)
    }
    guard !names.isEmpty else {
      throw Failure(TokenError.noAccount(AccountSelector(api: api, name: nil)))
    }
    try Output.write(names.map { "\($0 == chosen ? "*" : " ") \($0)\n" }.joined())
  }
}

struct SwitchCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "switch", abstract: "Make a stored account the default of its API.")

  @Argument(help: ArgumentHelp("The account.", valueName: "e-mail"))
  var account: String

  @OptionGroup var common: CommonOptions

  func run() throws {
    var settings = common.settings(account: account)
    settings.isForKeyring = true
    let call = try Call(settings)
    let account = try call.account()
    do {
      try call.renewal.makeDefault(account, until: call.deadline)
    } catch {
      throw Failure(error)
    }
    Voice.say("\(account.name) is now the default account for \(account.api.text)")
  }
}
