import MetiToken
import TokenEndpoint

/// The checks of METI and the way to it: requests like those for a token, without credentials.
extension Doctor {
  func endpoint(_ id: Check.ID, _ url: String, _ server: APIURL, until deadline: Deadline) {
    check(id) {
      do {
        let probe = try TokenEndpoint(
          clock: call.clock, caFile: CallEnvironment.caFile, onDetail: call.verbose
        ).probe(url, on: server, until: deadline)
        if id == .api { clockLead = probe.clockLead }
        var detail = "\(server.origin) answers, HTTP \(probe.status), in \(probe.milliseconds) ms"
        if let certificate = probe.certificate { detail += "; \(certificate)" }
        detail += route(server, isUsed: probe.usesProxy)
        // The URL need not exist: an answer of METI's is what counts.
        return probe.status < 500 ? (.ok, detail, nil) : (.warning, detail, "try again later")
      } catch {
        let (failure, way) = (Failure(error), "check the network, the proxy and METI_CA_FILE")
        throw Failure(
          failure.status, failure.message + route(server, isUsed: true),
          hint: "\(way); compare with: curl -I \(url.quoted)", detail: failure.detail)
      }
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
  func clock() {
    guard let lead = clockLead else {
      return skip([.clock], "not checked: METI's time is unknown")
    }
    check(.clock) {
      // Half the minute by which git's and Bazel's tokens are renewed early.
      guard abs(lead) > 30_000 else { return (.ok, "agrees with METI's clock", nil) }
      let (skew, way) = (DurationText.of(abs(lead) / 1000), lead > 0 ? "behind" : "ahead of")
      let hint = "set the clock, for example with: timedatectl set-ntp true"
      return (.warning, "\(skew) \(way) METI's clock", hint)
    }
  }
}
