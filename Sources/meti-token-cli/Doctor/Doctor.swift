import MetiToken
import System

/// Checks everything that a call needs. A part that fails or hangs does not hide the others.
final class Doctor {
  let call: Call
  private var checks: [Check] = []
  /// `nil` if the keyring cannot be read.
  var stored: StoredAccounts?
  /// Whether the keyring returns the secret of an open item without a prompt, as far as is known.
  var isQuiet = false
  /// Of an OAuth 2.0 client.
  private var tokenURL: TokenURL?
  /// The milliseconds by which METI's clock is ahead, if they are known.
  var clockLead: Int64?

  init(call: Call) { self.call = call }

  func report() throws -> Report {
    var handedIn: Int64?
    if let token = try call.handedIn() { handedIn = token.lifetime }
    if call.isFromEnvironment { stored = try? call.store.accounts(at: call.selector.api) }
    if handedIn == nil, !call.isFromEnvironment {
      keyring(until: share(of: 3))
    } else {
      skip([.bus, .provider, .collection], "not needed: see account")
    }
    let account = account(handedIn: handedIn)
    kernel()
    locks(account)
    let api = call.selector.api
    endpoint(.api, api.text, api, until: share(of: 2))
    // The password may come from a pipe that nobody writes to.
    credentials(checks[0].state == .ok ? account : nil)
    clock()
    if let tokenURL {
      endpoint(.tokenURL, tokenURL.text, tokenURL.server, until: share(of: 1))
    }
    return Report(apiURL: api.text, checks: checks)
  }

  /// The deadline of the next of `count` pieces of work: an equal part of the call's time that is
  /// left, at most ten seconds.
  private func share(of count: Int64) -> Deadline {
    let now = call.clock.now()
    return Deadline(min(call.deadline.remaining(at: now) / count, 10_000), from: now)
  }

  /// Makes one check.
  /// - Parameters:
  ///   - index: its place in the report; the end if `nil`.
  ///   - subject: what a failure begins with.
  ///   - body: throws what a call would fail with.
  @discardableResult func check(
    _ id: Check.ID, at index: Int? = nil, of subject: String = "",
    _ body: () throws -> (state: Check.State, detail: String, hint: String?)
  ) -> Check.State {
    let check: Check
    do {
      let found = try body()
      check = Check(id: id, state: found.state, detail: found.detail, hint: found.hint)
    } catch {
      let failure = Failure(error)
      if !failure.detail.isEmpty { call.verbose(failure.detail) }
      let isSilent = (error as? KeyringError)?.kind == .notAnswering
      let hint = isSilent ? "answer the keyring's dialog, or restart the keyring" : failure.hint
      check = Check(
        id: id, state: .failed, detail: subject + failure.message,
        hint: hint ?? "see the reason with: meti-token doctor --verbose", status: failure.status)
    }
    checks.insert(check, at: index ?? checks.count)
    return check.state
  }

  func skip(_ ids: [Check.ID], _ reason: String) {
    for id in ids { check(id) { (.skipped, reason, nil) } }
  }

  // MARK: The account

  /// - Parameter handedIn: seconds for which the token in METI_TOKEN is valid.
  /// - Returns: the account if its name is known, stored or not.
  private func account(handedIn: Int64?) -> Account? {
    let stored = stored ?? StoredAccounts(names: [], locked: 1)
    let name = handedIn == nil ? call.selector.name ?? call.defaultName(among: stored) : nil
    let account = name.flatMap { try? Account(name: $0, api: call.selector.api) }
    check(.account, at: 0) {
      if let handedIn {
        return (.ok, "METI_TOKEN has a token, valid for \(DurationText.of(handedIn))", nil)
      }
      if let account, stored.contains(account) {
        let place = call.isFromEnvironment ? "from the environment" : "in the keyring"
        return (.ok, "\(account.name), \(place)", nil)
      }
      if stored.locked > 0 {
        return (.skipped, "\(account?.name ?? "unknown"): the keyring cannot be read", nil)
      }
      let error: TokenError =
        switch account {
        case let account? where call.selector.name == nil: .defaultNotStored(account)
        case nil where !stored.names.isEmpty: .noDefault(stored.names)
        default: .noAccount(call.selector)
        }
      return (.warning, Failure(error).message, Failure(error).hint)
    }
    return account
  }

  private func credentials(_ account: Account?) {
    guard let account else { return skip([.credentials], "not checked: see account") }
    let source = (call.store as? EnvironmentStore)?.source
    guard source != nil || isQuiet else {
      return skip([.credentials], "not read: the keyring may prompt")
    }
    check(.credentials) {
      guard let credential = try call.store.credential(of: account) else {
        throw KeyringError(.vanished)
      }
      if case .clientCredentials(let url, _, _) = credential.grant { tokenURL = url }
      let state = call.locks.state(of: account)
      if let rejection = state.rejection(of: credential, at: call.clock.now()) {
        throw TokenError.rejectedBefore(account, rejection)
      }
      return (.ok, "a \(credential.grant.secretName) is in \(source?.name ?? "the keyring")", nil)
    }
  }

  // MARK: The machine

  private func kernel() {
    check(.kernel) {
      guard try CallEnvironment.usesKernelCache() else {
        return (.ok, "turned off by METI_TOKEN_CACHE", nil)
      }
      do throws(SystemError) {
        try KernelCache.probe()
        return (.ok, "works", nil)
      } catch {
        let way = "in a container: its seccomp profile"
        return (
          .warning, "the kernel stores no key: \(error.text)",
          "allow add_key and keyctl (\(way)), or pass METI_TOKEN"
        )
      }
    }
  }

  private func locks(_ account: Account?) {
    check(.locks) {
      guard let directory = call.locks.directory else {
        return (
          .warning, "no usable directory: parallel calls each make a request",
          "set XDG_RUNTIME_DIR to a directory of your own"
        )
      }
      let backOff = account.flatMap { call.locks.state(of: $0).backOff }
      guard let backOff, case let pause = backOff.remaining(at: call.clock.now()), pause > 0 else {
        return (.ok, "in \(directory)", nil)
      }
      let rest = DurationText.of((pause + 999) / 1000)
      return (
        .warning, "no request to METI for \(rest): \(backOff.reason)",
        "wait, or use a longer --timeout"
      )
    }
  }
}
