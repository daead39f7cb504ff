import HelperProtocols
import MetiToken
import Posix

/// A call by another program, which waits for the answer and has nobody to ask. Whose token it is
/// about, and so where that is kept, only its request tells, which is read first.
struct HelperCall {
  let api: APIURL
  /// Whose requests are answered.
  let host: CredentialHost
  let clock = SystemClock()
  /// Of the whole call, reading the request included.
  let deadline: Deadline
  private let options: CommonOptions
  /// The account this helper was set up for, where its command line names one.
  private let onlyAccount: String?
  /// As ``Call`` has it.
  private let forgets: Bool

  /// For the whole call, reading the request included, in milliseconds, so that the program has
  /// ended by 8 seconds: Bazel gives up after 10, and somebody waits before git.
  static let longest: Int64 = 7_500

  /// - Parameter forgets: as ``Call`` has it.
  init(_ options: CommonOptions, account: String?, forgets: Bool = false) throws(Failure) {
    let settings = options.settings(account: account, noPrompt: true)
    api = try Call.selector(settings, CallEnvironment(Process.variable)).api
    let seconds = try Call.timeout(settings) ?? Call.standardTimeout
    deadline = Deadline(min(seconds * 1000, Self.longest), from: clock.now())
    do {
      host = try CredentialHost(
        scheme: api.scheme.rawValue, host: api.host, port: Int(api.port))
    } catch {
      throw Failure(APIURLError.badHost)
    }
    self.options = options
    onlyAccount = account
    self.forgets = forgets
  }

  /// The call that a request is about which names nobody.
  func call() throws(Failure) -> Call { try call(for: onlyAccount) }

  /// The call that `request` is about; `nil` where it is not for us.
  ///
  /// A name that comes with the request must be that of a stored account, byte for byte, and of
  /// the one the helper was set up for.
  func call(for request: borrowing GitCredentialRequest) throws(Failure) -> Call? {
    guard request.isFor(host) else { return nil }
    guard let username = request.username else { return try call() }
    guard let name = String(validating: username, as: UTF8.self),
      let account = try? Account(entered: name, api: api),
      onlyAccount.map({ $0.isSameName(as: name) }) ?? true
    else { return nil }
    let call = try call(for: name)
    return try isStored(account, call) ? call : nil
  }

  private func call(for account: String?) throws(Failure) -> Call {
    try Call(
      options.settings(account: account, noPrompt: true), forgets: forgets, until: deadline)
  }

  private func isStored(_ account: Account, _ call: Call) throws(Failure) -> Bool {
    if call.cache.find(AccountSelector(account), at: clock.now()) != nil { return true }
    do {
      return try call.store.isStored(account)
    } catch {
      // A server has its own account and no keyring, where another could be stored.
      let isMissing = error.kind == .noBus || error.kind == .noProvider
      if isMissing, EnvironmentStore.bringsAccount { return false }
      throw Failure(error)
    }
  }
}
