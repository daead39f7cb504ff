import ArgumentParser
import HelperProtocols
import MetiToken

struct EraseCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "erase",
    abstract: "Forget the token that git was refused with.",
    discussion: """
      The token is forgotten if no secret came with the request, or exactly that token did. The \
      account stays, and so does a newer token. What is malformed or not for us is ignored.
      """)

  @OptionGroup var account: AccountOption
  @OptionGroup var common: CommonOptions

  func run() throws {
    let helper = try HelperCall(common, account: account.account, forgets: true)
    guard let request = Self.request(helper.call), let account = try account(helper, request)
    else { return }
    let isForgotten: Bool
    do {
      isForgotten = try helper.call.renewal.reject(account, until: helper.call.deadline) { token in
        token.withBytes { request.asksToForget(Span<UInt8>(_bytes: $0)) }
      }
    } catch {
      throw Failure(error)
    }
    if helper.call.isVerbose {
      Voice.detail(isForgotten ? "the token was forgotten" : "there was no such token")
    }
  }

  /// `nil` where it is malformed or cannot be read: git asks of a helper that it ignores then.
  private static func request(_ call: Call) -> GitCredentialRequest? {
    guard
      let input = try? StandardInput.request(form: .git, until: call.deadline, clock: call.clock)
    else { return nil }
    return input.withBytes { try? GitCredentialRequest($0) }
  }

  /// The account whose token is meant. The kernel tier is asked first: it knows also while the
  /// keyring is locked.
  private func account(
    _ helper: HelperCall, _ request: borrowing GitCredentialRequest
  ) throws(Failure) -> Account? {
    guard let selector = try helper.selector(for: request) else { return nil }
    let call = helper.call
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
