import ArgumentParser
import HelperProtocols
import MetiToken

struct EraseCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "erase",
    abstract: "Forget the token that git was refused with.",
    usage: "meti-token erase [--account <e-mail>] [<options>]",
    discussion: """
      The token is forgotten if no secret came with the request, or exactly that token did. The \
      account stays, and so does a newer token. What is malformed or not for us is ignored.
      """)

  @OptionGroup var account: AccountOption
  @OptionGroup var common: CommonOptions

  func run() throws {
    let helper = try HelperCall(common, account: account.account, forgets: true)
    guard let request = Self.request(helper), let call = try helper.call(for: request),
      let account = try account(call)
    else { return }
    let isForgotten: Bool
    do {
      isForgotten = try call.renewal.reject(account, until: call.deadline) { token in
        token.withBytes { request.asksToForget(Span<UInt8>(_bytes: $0)) }
      }
    } catch {
      throw Failure(error)
    }
    if call.isVerbose {
      Voice.detail(isForgotten ? "the token was forgotten" : "there was no such token")
    }
  }

  /// `nil` where it is malformed or cannot be read: git asks of a helper that it ignores then.
  private static func request(_ helper: HelperCall) -> GitCredentialRequest? {
    guard
      let input = try? StandardInput.request(
        form: .git, until: helper.deadline, clock: helper.clock)
    else { return nil }
    return input.withBytes { try? GitCredentialRequest($0) }
  }

  /// The account whose token is meant. The kernel tier is asked first: it knows also while the
  /// keyring is locked.
  private func account(_ call: Call) throws(Failure) -> Account? {
    let selector = call.selector
    let name = selector.name ?? call.cache.find(selector, at: call.clock.now())?.account
    do {
      return try call.renewal.account(for: AccountSelector(api: selector.api, name: name))
    } catch {
      switch error {
      case .noAccount, .noDefault: return nil
      default: throw Failure(error)
      }
    }
  }
}
