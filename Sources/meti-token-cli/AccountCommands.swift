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
      let (readable, areAll) = try call.store.readableAccounts(at: api)
      // With nothing to show, the locked ones are what was asked for.
      names = readable.isEmpty && !areAll ? try call.store.accounts(at: api) : readable
      let named = try defaultName(call)
      chosen = named ?? (names.count == 1 && areAll ? names[0] : nil)
      if !names.isEmpty, !areAll { Voice.warning(StatusReport.someAreLocked) }
    } catch {
      throw Failure(error)
    }
    guard !names.isEmpty else {
      throw Failure(TokenError.noAccount(AccountSelector(api: api, name: nil)))
    }
    try Output.write(
      names.map { "\($0.isSameName(as: chosen) ? "*" : " ") \($0.escapedForTerminal())\n" }.joined())
  }
}

/// The default account; `nil` also where the item that names it is locked or cannot be read.
func defaultName(_ call: Call) throws(KeyringError) -> String? {
  do {
    return try call.renewal.chosenName(at: call.selector.api)
  } catch  where error.kind == .locked {
    return nil
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
      try call.renewal.makeDefault(account, until: call.deadline)
    } catch {
      throw Failure.ofStored(error)
    }
    Voice.say("\(account.name) is now the default account for \(account.api.text)")
  }
}
