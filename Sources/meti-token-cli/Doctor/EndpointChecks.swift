import MetiToken
import System
import TokenEndpoint

/// The checks of METI and the way to it: requests like those for a token, without credentials.
struct EndpointChecks {
  private let api: APIURL
  private let endpoint: TokenEndpoint
  private let proxy = ProxySetting()

  init(_ call: Call) {
    api = call.selector.api
    let isVerbose = call.isVerbose
    endpoint = TokenEndpoint(
      clock: call.clock, caFile: CallEnvironment.caFile,
      onDetail: { if isVerbose { Console.detail($0) } })
  }

  func api(until deadline: Deadline) -> (answer: Check, clock: Check) {
    let (answer, probe) = visit(api.text, on: api, as: .api, until: deadline)
    guard let probe else { return (answer, Check(.clock, .skipped, "not checked: see api")) }
    guard let lead = probe.clockLead else {
      return (answer, Check(.clock, .skipped, "not checked: METI sends no Date"))
    }
    return (answer, Self.clock(lead: lead))
  }

  /// The token endpoint of an OAuth 2.0 client.
  func tokenURL(_ url: TokenURL, until deadline: Deadline) -> Check {
    visit(url.text, on: url.server, as: .tokenURL, until: deadline).0
  }

  private func visit(
    _ url: String, on server: APIURL, as id: Check.ID, until deadline: Deadline
  ) -> (Check, EndpointProbe?) {
    do {
      let probe = try endpoint.probe(url, on: server, until: deadline)
      var detail = "\(server.origin) answers, HTTP \(probe.status), in \(probe.milliseconds) ms"
      if let certificate = probe.certificate {
        detail += "; certificate of \(certificate.subject), by \(certificate.issuer), "
        detail += "until \(certificate.expiry)"
      }
      detail += route(server, isUsed: probe.usesProxy)
      // The URL need not exist: an answer of METI's is what counts.
      guard probe.status >= 500 else { return (Check(id, .ok, detail), probe) }
      return (Check(id, .warning, detail, hint: "the server is in trouble: try again later"), probe)
    } catch {
      let (status, reason, hint) = Self.words(error, url)
      return (Check(id, .failed(status), reason + route(server, isUsed: true), hint: hint), nil)
    }
  }

  /// The proxy and the certificates, if the environment names any.
  private func route(_ server: APIURL, isUsed: Bool) -> String {
    guard server.scheme == .https else { return "" }
    var route = ""
    if let proxy {
      route += "; proxy \(proxy.url) from \(proxy.variable)"
      if let exceptions = proxy.exceptions { route += ", not for \(exceptions)" }
      if !isUsed { route += " (not used)" }
    }
    return route + (CallEnvironment.caFile.map { "; trusts the certificates in \($0)" } ?? "")
  }

  private static func words(
    _ error: IssuerError, _ url: String
  ) -> (status: ExitStatus, reason: String, hint: String) {
    let check = "compare with: curl -I \(ShellWord.quote(url))"
    switch error {
    case .outOfTime(let reason, _):
      return (.tryAgain, reason, "check the network; \(check)")
    case .unavailable(let trouble):
      let what = trouble.isTransient ? "network" : "proxy and the CA certificates (METI_CA_FILE)"
      return (.tryAgain, trouble.reason, "check the \(what); \(check)")
    case .unusable(let reason):
      return (.unusable, reason, "check whether the network needs a log-in; \(check)")
    // Nothing was sent that could be rejected.
    case .rejected(let answer): return (.rejected, "HTTP \(answer.status)", check)
    }
  }

  /// This machine's clock against METI's. The token's own expiry is counted on a clock that nobody
  /// sets, but certificates, git and Bazel go by the time of day.
  /// - Parameter lead: milliseconds by which METI's clock is ahead.
  static func clock(lead: Int64) -> Check {
    let skew = abs(lead)
    // A Date has whole seconds.
    guard skew > 1500 else { return Check(.clock, .ok, "agrees with METI's clock") }
    let detail = "\(DurationText.of(skew / 1000)) \(lead > 0 ? "behind" : "ahead of") METI's clock"
    let hint = "set the clock, for example with: timedatectl set-ntp true"
    switch skew {
    // Half the minute by which git's and Bazel's tokens are renewed early.
    case ...30_000: return Check(.clock, .ok, detail)
    // Beyond this, dead tokens look valid, or valid ones dead.
    case ...300_000: return Check(.clock, .warning, detail, hint: hint)
    default: return Check(.clock, .failed(.tryAgain), detail, hint: hint)
    }
  }
}
