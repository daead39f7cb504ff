import HelperProtocols
import MetiToken

/// A call by another program, which waits for the answer and has nobody to ask.
struct HelperCall {
  let call: Call
  /// Whose requests are answered.
  let host: CredentialHost
  /// The account this helper was set up for, where its command line names one.
  private let onlyAccount: String?

  /// For the whole call, reading the request included, in milliseconds, so that the program has
  /// ended by 8 seconds: Bazel gives up after 10, and somebody waits before git.
  static let longest: Int64 = 7_500

  /// - Parameter forgets: as ``Call`` has it.
  init(_ options: CommonOptions, account: String?, forgets: Bool = false) throws(Failure) {
    call = try Call(
      options.settings(account: account, noPrompt: true), forgets: forgets, atMost: Self.longest)
    let api = call.selector.api
    do {
      host = try CredentialHost(
        scheme: api.scheme.rawValue, host: api.host, port: Int(api.port))
    } catch {
      throw Failure(APIURLError.badHost)
    }
    onlyAccount = account
  }

  /// The account that `request` is about; `nil` where it is not for us.
  ///
  /// A name that comes with the request must be that of a stored account, byte for byte, and of
  /// the one the helper was set up for.
  func selector(
    for request: borrowing GitCredentialRequest
  ) throws(Failure) -> AccountSelector? {
    guard request.isFor(host) else { return nil }
    guard let username = request.username else { return call.selector }
    guard let name = String(validating: username, as: UTF8.self),
      let account = try? Account(name: name, api: call.selector.api),
      onlyAccount.map({ $0.utf8.elementsEqual(name.utf8) }) ?? true
    else { return nil }
    let selector = AccountSelector(account)
    return try isStored(selector, account) ? selector : nil
  }

  private func isStored(
    _ selector: AccountSelector, _ account: Account
  ) throws(Failure) -> Bool {
    if call.cache.find(selector, at: call.clock.now()) != nil { return true }
    do {
      return try call.store.isStored(account)
    } catch {
      throw Failure(error)
    }
  }
}
