import Glibc
import MetiToken
import System

/// Checks everything that a call needs. A part that fails or hangs does not hide the others.
struct Doctor {
  let call: Call

  func report() throws -> Report {
    let kernel = try kernel()
    var handedIn: Int64?
    if let token = try call.handedIn() { handedIn = token.lifetime }
    let keyring = KeyringChecks(call, isNeeded: handedIn == nil, until: share(of: 3))
    let (accountCheck, account) = self.account(keyring.stored, handedIn: handedIn)
    let url = call.selector.api
    let (api, lead) = endpoint(url.text, url, .api, until: share(of: 2))
    // It may be on a pipe that nobody writes to.
    let (credentialCheck, tokenURL) = credentials(
      accountCheck.state == .ok ? account : nil, isQuiet: keyring.isQuiet)
    var checks = [accountCheck] + keyring.checks + [kernel, locks(account), api]
    checks += [credentialCheck, clock(lead)]
    if let tokenURL {
      checks.append(endpoint(tokenURL.text, tokenURL.server, .tokenURL, until: share(of: 1)).0)
    }
    return Report(apiURL: url.text, checks: checks)
  }

  /// The deadline of the next of `count` pieces of work: an equal part of the call's time that is
  /// left, at most ten seconds.
  private func share(of count: Int64) -> Deadline {
    let now = call.clock.now()
    return Deadline(min(call.deadline.remaining(at: now) / count, 10_000), from: now)
  }

  // MARK: The account

  /// - Parameters:
  ///   - stored: `nil` if the keyring cannot be read.
  ///   - handedIn: seconds for which the token in METI_TOKEN is valid.
  /// - Returns: also the account if its name is known, stored or not.
  private func account(_ stored: StoredAccounts?, handedIn: Int64?) -> (Check, Account?) {
    if let left = handedIn.map(DurationText.of) {
      return (Check(.account, .ok, "METI_TOKEN has a token, valid for \(left)"), nil)
    }
    let stored = stored ?? StoredAccounts(names: [], locked: 1)
    let name = call.selector.name ?? call.defaultName(among: stored)
    let account = name.flatMap { try? Account(name: $0, api: call.selector.api) }
    if let account, stored.contains(account) {
      let place = call.isFromEnvironment ? "from the environment" : "in the keyring"
      return (Check(.account, .ok, "\(account.name), \(place)"), account)
    }
    if stored.locked > 0 {
      let detail = "\(account?.name ?? "unknown"): the keyring cannot be read"
      return (Check(.account, .skipped, detail), account)
    }
    let error: TokenError =
      switch account {
      case let account? where call.selector.name == nil: .defaultNotStored(account)
      case nil where !stored.names.isEmpty: .noDefault(stored.names)
      default: .noAccount(call.selector)
      }
    return (Check(.account, Failure(error), .warning), account)
  }

  /// - Parameter isQuiet: whether the keyring returns the secret of an open item without a prompt.
  /// - Returns: also the token URL of an OAuth 2.0 client.
  private func credentials(_ account: Account?, isQuiet: Bool) -> (Check, TokenURL?) {
    guard let account else {
      return (Check(.credentials, .skipped, "not checked: see account"), nil)
    }
    let source = (call.store as? EnvironmentStore)?.source
    let place = source?.name ?? "the keyring"
    guard source != nil || isQuiet else {
      return (Check(.credentials, .skipped, "not read: the keyring may prompt"), nil)
    }
    var tokenURL: TokenURL?
    do {
      guard let credential = try call.store.credential(of: account) else {
        throw KeyringError(.vanished)
      }
      if case .clientCredentials(let url, _, _) = credential.grant { tokenURL = url }
      if let rejection = call.rejection(of: credential) {
        throw TokenError.rejectedBefore(account, rejection)
      }
      if let path = source?.exposedFile {
        let hint = "protect it with: chmod 600 \(ShellWord.quote(path))"
        return (Check(.credentials, .warning, "others may read \(path)", hint: hint), tokenURL)
      }
      let detail = "a \(credential.grant.secretName) is in \(place)"
      return (Check(.credentials, .ok, detail), tokenURL)
    } catch {
      return (Check(.credentials, call.reported(error)), tokenURL)
    }
  }

  // MARK: The machine

  private func kernel() throws -> Check {
    guard try CallEnvironment.usesKernelCache() else {
      return Check(.kernel, .ok, "turned off by METI_TOKEN_CACHE")
    }
    do {
      try KernelCache.probe()
      return Check(.kernel, .ok, "works")
    } catch {
      return Check(
        .kernel, .warning, "the kernel stores no key: \(error.text)",
        hint: "allow add_key and keyctl (in a container: its seccomp profile), or pass METI_TOKEN")
    }
  }

  private func locks(_ account: Account?) -> Check {
    guard let directory = call.locks.directory else {
      return Check(
        .locks, .warning, "no usable directory: parallel calls each make a request",
        hint: "set XDG_RUNTIME_DIR to a directory of your own")
    }
    if let backOff = account.flatMap({ call.locks.state(of: $0).backOff }),
      case let pause = backOff.remaining(at: call.clock.now()), pause > 0
    {
      let rest = DurationText.of((pause + 999) / 1000)
      return Check(
        .locks, .warning, "no request to METI for \(rest): \(backOff.reason)",
        hint: "wait, or use a longer --timeout")
    }
    return Check(.locks, .ok, "in \(directory)")
  }
}

extension Call {
  /// An error in words; shows its detail with `--verbose`.
  func reported(_ error: any Error) -> Failure {
    let failure = Failure(error)
    if !failure.detail.isEmpty { verbose(failure.detail) }
    return failure
  }

  /// How METI rejected the credential, by the store or the lock file.
  func rejection(of credential: borrowing Credential) -> Rejection? {
    credential.rejection
      ?? locks.state(of: credential.account)
      .rejection(of: credential.fingerprint, at: clock.now())
  }
}
