import Glibc
import MetiToken
import System

/// Checks everything that a call needs. A part that fails or hangs does not hide the others.
struct Doctor {
  let call: Call

  func report() throws -> Report {
    let isKernelCacheOn = try CallEnvironment.usesKernelCache()
    var keyring = KeyringChecks(call, until: call.share(of: 3))
    keyring.run()
    let (accountCheck, account) = self.account(keyring.stored)
    let (credentialCheck, tokenURL) = credentials(
      accountCheck.state == .ok ? account : nil, isQuiet: keyring.isQuiet)
    let endpoint = EndpointChecks(call)
    let api = endpoint.api(until: call.share(of: tokenURL == nil ? 1 : 2))
    var checks = [accountCheck] + keyring.checks
    checks += [kernel(account, isOn: isKernelCacheOn), locks(account)]
    checks += [api.answer, credentialCheck, api.clock]
    if let tokenURL { checks.append(endpoint.tokenURL(tokenURL, until: call.share(of: 1))) }
    return Report(apiURL: call.selector.api.text, checks: checks)
  }

  // MARK: The account

  /// - Parameter stored: `nil` if the keyring cannot be read.
  /// - Returns: also the account if its name is known, stored or not.
  private func account(_ stored: StoredAccounts?) -> (Check, Account?) {
    let (selector, api) = (call.selector, call.selector.api)
    do {
      if let token = try call.handedIn() {
        let left = DurationText.of(token.expiry.remaining(at: call.clock.now()) / 1000)
        return (Check(.account, .ok, "METI_TOKEN has a token, valid for \(left)"), nil)
      }
    } catch {
      return (Check(.account, Failure(error)), nil)
    }
    if let store = call.store as? EnvironmentStore {
      let kind = store.grant == .password ? "" : ", an OAuth 2.0 client"
      return (Check(.account, .ok, "\(store.own.name)\(kind), from the environment"), store.own)
    }
    var name = selector.name
    do throws(DefaultAccountError) {
      if name == nil { name = try DefaultAccountFile(Process.variable).name(at: api) }
    } catch {
      let hint = FailureText.defaultAccountHint
      return (Check(.account, .warning, FailureText.of(error), hint: hint), nil)
    }
    let isOnlyOne = name == nil && stored?.names.count == 1
    if isOnlyOne { name = stored?.names.first }
    let origin = selector.name != nil ? "selected" : isOnlyOne ? "the only one" : "the default"
    let mayBeHidden = stored.map { $0.locked > 0 } ?? true
    guard let account = name.flatMap({ try? Account(name: $0, api: api) }) else {
      let names = stored?.names ?? []
      guard names.isEmpty else {
        return (Check(.account, Failure(TokenError.noDefault(names))), nil)
      }
      return mayBeHidden
        ? (Check(.account, .skipped, "unknown: the keyring cannot be read"), nil)
        : (warning(.noAccount(selector)), nil)
    }
    let text = "\(account.name), \(origin)"
    if stored?.contains(account) == true {
      return (Check(.account, .ok, "\(text), in the keyring"), account)
    }
    if mayBeHidden {
      return (Check(.account, .skipped, "\(text): the keyring cannot be read"), account)
    }
    let error: TokenError =
      selector.name == nil ? .defaultNotStored(account) : .noAccount(AccountSelector(account))
    return (warning(error), account)
  }

  private func warning(_ error: TokenError) -> Check {
    let failure = Failure(error)
    return Check(.account, .warning, failure.message, hint: failure.hint)
  }

  /// - Parameter isQuiet: whether the keyring returns the secret of an open item without a prompt.
  /// - Returns: also the token URL of an OAuth 2.0 client.
  private func credentials(_ account: Account?, isQuiet: Bool) -> (Check, TokenURL?) {
    guard let account else {
      return (Check(.credentials, .skipped, "not checked: see account"), nil)
    }
    let environment = call.store as? EnvironmentStore
    let place = environment?.source.name ?? "the keyring"
    guard environment?.source.canBeReadAgain ?? isQuiet else {
      let reason = environment == nil ? "may prompt" : "can be read only once"
      return (Check(.credentials, .skipped, "not read: \(place) \(reason)"), nil)
    }
    do {
      guard let credential = try call.store.credential(of: account) else {
        throw KeyringError(.vanished)
      }
      let (grant, now) = (credential.grant, call.clock.now())
      var tokenURL: TokenURL?
      if case .clientCredentials(let url, _, _) = grant { tokenURL = url }
      let rejection =
        credential.rejection
        ?? call.locks.state(of: account).rejection(of: credential.fingerprint, at: now)
      if let rejection {
        let failure = Failure(
          TokenError.rejectedBefore(account, grant, rejection),
          isFromEnvironment: call.isFromEnvironment)
        return (Check(.credentials, failure), tokenURL)
      }
      if let path = environment?.exposedFile {
        let hint = "protect it with: chmod 600 \(ShellWord.quote(path))"
        return (Check(.credentials, .warning, "others may read \(path)", hint: hint), tokenURL)
      }
      return (Check(.credentials, .ok, "a \(grant.secretName) is in \(place)"), tokenURL)
    } catch {
      return (Check(.credentials, call.reported(error)), nil)
    }
  }

  // MARK: The machine

  private func kernel(_ account: Account?, isOn: Bool) -> Check {
    let now = call.clock.now()
    var held = ""
    if let account, let token = call.cache.find(account, at: now) {
      let seconds = token.expiry.remaining(at: now) / 1000
      held = "; a token of \(token.account) is cached, valid for \(DurationText.of(seconds))"
    }
    guard isOn else {
      let detail = "turned off by METI_TOKEN_CACHE\(held)"
      guard !held.isEmpty else { return Check(.kernel, .ok, detail) }
      return Check(
        .kernel, .warning, detail, hint: "remove it with: meti-token logout --token-only")
    }
    switch KernelProbe.run() {
    case .works: return Check(.kernel, .ok, "works\(held)")
    case .garbled:
      return Check(
        .kernel, .warning, "the kernel returns other bytes than were stored",
        hint: "set METI_TOKEN_CACHE=keyring")
    case .refused(let call, let number):
      let hint =
        switch number {
        case EPERM, ENOSYS:
          "allow add_key and keyctl in the container's seccomp profile, or pass METI_TOKEN"
        case EDQUOT: "the quota is used up: compare /proc/key-users with kernel.keys.maxkeys"
        case EACCES: "check the SELinux or AppArmor policy"
        default: "set METI_TOKEN_CACHE=keyring"
        }
      return Check(
        .kernel, .warning, "\(call) failed: \(SystemError(number).text)", hint: hint)
    }
  }

  private func locks(_ account: Account?) -> Check {
    let hint = "set XDG_RUNTIME_DIR to a directory of your own"
    guard let directory = call.locks.place() else {
      return Check(
        .locks, .warning, "no usable directory: parallel calls each make a request", hint: hint)
    }
    if let runtime = CallEnvironment.value("XDG_RUNTIME_DIR"), directory != "\(runtime)/meti-token"
    {
      return Check(.locks, .warning, "in \(directory): \(runtime) is not usable", hint: hint)
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
  /// The deadline of the next of `count` pieces of work: an equal part of the call's time that is
  /// left, at most ten seconds.
  func share(of count: Int64) -> Deadline {
    let now = clock.now()
    return Deadline(min(deadline.remaining(at: now) / count, 10_000), from: now)
  }

  /// An error in words; shows its detail with `--verbose`.
  func reported(_ error: any Error) -> Failure {
    let failure = Failure(error)
    if isVerbose && !failure.detail.isEmpty { Console.detail(failure.detail) }
    return failure
  }
}
