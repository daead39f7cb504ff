import ArgumentParser
import MetiToken

struct RejectCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "reject",
    abstract: "Forget the token, because METI answered 401 to it.",
    usage: "meti-token reject [--account <e-mail>] [--token-stdin] [<options>]",
    discussion: """
      With --token-stdin the token is forgotten only if it is still the stored one, so that a \
      token which another program has renewed meanwhile stays.
      """)

  @OptionGroup var account: AccountOption

  @Flag(help: "Read the token that was refused from standard input.")
  var tokenStdin = false

  @OptionGroup var common: CommonOptions

  func run() throws {
    // Before the call's time runs: what is on stdin may come late.
    let rejected: Secret? = tokenStdin ? try SecretSource.readToken() : nil
    let call = try Call(common.settings(account: account.account), forgets: true)
    let account = try account(call)
    let isForgotten: Bool
    do {
      isForgotten = try call.renewal.reject(account, token: rejected, until: call.deadline)
    } catch {
      throw Failure(error)
    }
    if call.isVerbose {
      Voice.detail(isForgotten ? "the token was forgotten" : "there was no such token")
    }
  }

  /// The account that is meant. Where the keyring cannot say, the kernel's key does, so that a
  /// token which was refused is not handed out again.
  private func account(_ call: Call) throws(Failure) -> Account {
    do {
      return try call.account()
    } catch {
      guard let cached = call.cache.find(call.selector, at: call.clock.now()),
        let account = try? Account(name: cached.account, api: call.selector.api)
      else { throw error }
      return account
    }
  }
}
