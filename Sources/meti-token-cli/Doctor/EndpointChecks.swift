import MetiToken
import TokenEndpoint

/// The checks of METI and the way to it: requests like those for a token, without credentials.
extension Doctor {
  /// - Returns: also the milliseconds by which the server's clock is ahead, if it is known.
  func endpoint(
    _ url: String, _ server: APIURL, _ id: Check.ID, until deadline: Deadline
  ) -> (Check, clockLead: Int64?) {
    let endpoint = TokenEndpoint(
      clock: call.clock, caFile: CallEnvironment.caFile, onDetail: call.verbose)
    do {
      let probe = try endpoint.probe(url, on: server, until: deadline)
      var detail = "\(server.origin) answers, HTTP \(probe.status), in \(probe.milliseconds) ms"
      if let certificate = probe.certificate { detail += "; \(certificate)" }
      detail += route(server, isUsed: probe.usesProxy)
      // The URL need not exist: an answer of METI's is what counts.
      let isTrouble = probe.status >= 500
      let check = Check(
        id, isTrouble ? .warning : .ok, detail, hint: isTrouble ? "try again later" : nil)
      return (check, probe.clockLead)
    } catch {
      let failure = Failure(error)
      let hint = "check the network, the proxy and METI_CA_FILE; compare with: curl -I "
      let check = Check(
        id, .failed, failure.message + route(server, isUsed: true),
        hint: hint + ShellWord.quote(url), status: failure.status)
      return (check, nil)
    }
  }

  /// The proxy and the certificates, if the environment names any.
  private func route(_ server: APIURL, isUsed: Bool) -> String {
    guard server.scheme == .https else { return "" }
    var route = ""
    if let proxy = ProxySetting() {
      route += "; proxy \(proxy.url) from \(proxy.variable)"
      if let exceptions = proxy.exceptions { route += ", not for \(exceptions)" }
      if !isUsed { route += " (not used)" }
    }
    return route + (CallEnvironment.caFile.map { "; trusts the certificates in \($0)" } ?? "")
  }

  /// This machine's clock against METI's. A token's expiry is counted on a clock that nobody sets, but
  /// certificates, git and Bazel go by the time of day.
  func clock(_ lead: Int64?) -> Check {
    guard let lead else { return Check(.clock, .skipped, "not checked: METI's time is unknown") }
    // Half the minute by which git's and Bazel's tokens are renewed early.
    guard abs(lead) > 30_000 else { return Check(.clock, .ok, "agrees with METI's clock") }
    let skew = DurationText.of(abs(lead) / 1000)
    return Check(
      .clock, .warning, "\(skew) \(lead > 0 ? "behind" : "ahead of") METI's clock",
      hint: "set the clock, for example with: timedatectl set-ntp true")
  }
}
