import MetiToken
import System

/// A call by another program, which waits for the answer: never prompts, and is over within 8
/// seconds. The request decides which account it is about, so it is read first.
struct HelperCall {
  let api: APIURL
  let clock = SystemClock()
  /// Of the whole call, reading the request included.
  let deadline: Deadline
  private let settings: Settings
  /// The account of the command line; requests for others are not answered.
  private let onlyAccount: String?

  /// - Parameter alwaysUsesCache: as ``Settings/alwaysUsesCache``.
  init(
    _ options: CommonOptions, account: String?, alwaysUsesCache: Bool = false
  ) throws {
    var settings = options.settings(account: account, noPrompt: true)
    settings.isHelper = true
    settings.alwaysUsesCache = alwaysUsesCache
    self.settings = settings
    onlyAccount = account
    api = try CallEnvironment.api(settings)
    // A malformed limit is reported later, when it is known whom the request is for.
    deadline =
      (try? Call.deadline(settings, clock)) ?? Deadline(Call.helperLimit, from: clock.now())
  }

  /// The call of a request that names no account.
  func call() throws -> Call { try Call(settings, until: deadline) }

  /// The call of this request; `nil` if it is not for us: for another host, or for an account that is
  /// not stored here.
  func call(for request: borrowing GitCredentialRequest) throws -> Call? {
    guard let selector = request.selector(at: api) else { return nil }
    guard let name = selector.name else { return try call() }
    guard onlyAccount.map({ $0.isSameName(as: name) }) ?? true,
      let account = try? Account(entered: name, api: api)
    else { return nil }
    var settings = settings
    settings.account = name
    let call = try Call(settings, until: deadline)
    return try isStored(account, call) ? call : nil
  }

  private func isStored(_ account: Account, _ call: Call) throws -> Bool {
    if call.cache.find(account, at: clock.now()) != nil { return true }
    do {
      return try call.renewal.isStored(account)
    } catch {
      // A server has its own account, and no keyring in which another could be stored.
      switch error.kind {
      case .noBus, .noProvider: if EnvironmentStore.bringsAccount { return false }
      default: break
      }
      throw error
    }
  }
}
