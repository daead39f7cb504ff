import Diagnosis
import Glibc
import MetiToken
import Posix
import TokenEndpoint

/// Looks at METI the way a request for a token would reach it, but without credentials.
struct NetworkExam {
  private let doctor: Doctor
  private let tokenURL: TokenURL?
  private let endpoint: TokenEndpoint
  private let proxy = ProxySetting(Process.variable)

  init(doctor: Doctor, tokenURL: TokenURL?) {
    self.doctor = doctor
    self.tokenURL = tokenURL
    let verbose = doctor.verbose
    endpoint = TokenEndpoint(
      clock: doctor.clock, caFile: Call.caFile, onDetail: { verbose?($0) })
  }

  func checks() -> [Check] {
    let api = doctor.selector.api
    do throws(IssuerError) {
      let trust = try endpoint.trustStore()
      let checks =
        [self.trust(trust)] + visit(api.text, on: api, as: .api, share: tokenURL == nil ? 1 : 2)
      guard let tokenURL else { return checks }
      return checks
        + visit(tokenURL.text, on: tokenURL.server, as: .tokenURL, share: 1)
        .filter { $0.subject == .tokenURL }
    } catch {
      // libcurl is missing.
      let rest: [Check.Subject] = [.proxy, .api, .certificate, .clock]
      return [Check(.ca, Self.failed(error, hint: "install libcurl4"), Self.reason(error))]
        + rest.map { Check($0, .skipped(hint: "see ca"), "not looked at") }
    }
  }

  private func trust(_ store: TrustStore) -> Check {
    switch store {
    case .file(let path):
      let place = Call.caFile == nil ? "\(path), the system's" : "\(path), from \(Self.caVariable)"
      guard unsafe access(path, R_OK) != 0 else { return Check(.ca, .ok, place) }
      let reason = unsafe String(cString: strerror(errno))
      let hint =
        Call.caFile == nil
        ? "install ca-certificates" : "correct or unset \(Self.caVariable)"
      return Check(
        .ca, .failed(status: ExitStatus.tryAgain.rawValue, hint: hint), "\(place): \(reason)")
    case .directory(let path): return Check(.ca, .ok, "in \(path), the system's")
    case .unnamed: return Check(.ca, .ok, "the TLS library's own")
    }
  }

  private static var caVariable: String {
    Process.variable("METI_CA_FILE").map { !$0.isEmpty } == true ? "METI_CA_FILE" : "SSL_CERT_FILE"
  }

  /// Visits a server, and says what its answer tells.
  private func visit(
    _ url: String, on server: APIURL, as subject: Check.Subject, share: Int64
  ) -> [Check] {
    let visit: Visit
    do {
      visit = try endpoint.visit(url, on: server, until: doctor.share(of: share))
    } catch {
      let skipped = Check.State.skipped(hint: "see \(subject.rawValue)")
      return [
        proxyCheck(nil),
        Check(subject, Self.failed(error, hint: hint(error, url)), Self.reason(error)),
        Check(.certificate, skipped, "not seen"), Check(.clock, skipped, "not compared"),
      ]
    }
    return [
      proxyCheck(visit), answer(visit, server, subject), certificate(visit, server), clock(visit),
    ]
  }

  private func answer(_ visit: Visit, _ server: APIURL, _ subject: Check.Subject) -> Check {
    let detail = "\(server.origin) answers, HTTP \(visit.status), after \(visit.milliseconds) ms"
    // What is asked for may not exist; that somebody answers is what counts.
    guard visit.status >= 500 else { return Check(subject, .ok, detail) }
    return Check(subject, .warning(hint: "the server is in trouble: try again later"), detail)
  }

  private func certificate(_ visit: Visit, _ server: APIURL) -> Check {
    guard server.scheme == .https else {
      return Check(.certificate, .ok, "none: it is this machine, over plain http")
    }
    guard let certificate = visit.certificate else {
      return Check(.certificate, .ok, "trusted; this libcurl does not tell whose it is")
    }
    return Check(
      .certificate, .ok,
      "of \(certificate.subject), by \(certificate.issuer), until \(certificate.expiry)")
  }

  private func clock(_ visit: Visit) -> Check {
    guard let lead = visit.clockLead else {
      return Check(
        .clock, .skipped(hint: "compare it yourself with: timedatectl"), "METI sends no Date")
    }
    return ClockSkew.check(lead: lead, status: ExitStatus.tryAgain.rawValue, Spoken.duration)
  }

  private func proxyCheck(_ visit: Visit?) -> Check {
    guard doctor.selector.api.scheme == .https, let proxy else { return Check(.proxy, .ok, "none") }
    var detail = "\(proxy.shown), from \(proxy.variable)"
    if visit?.wentThroughProxy == true { detail += ", used" }
    if let exceptions = proxy.exceptions { detail += "; not for \(exceptions)" }
    return Check(.proxy, .ok, detail)
  }

  // MARK: Trouble

  private static func reason(_ error: IssuerError) -> String {
    switch error {
    case .unavailable(let trouble): trouble.reason
    case .outOfTime(let reason, _), .unusable(let reason): reason
    // Nothing was sent that could be refused.
    case .refused(let refusal): "HTTP \(refusal.status)"
    }
  }

  private static func failed(_ error: IssuerError, hint: String) -> Check.State {
    let status: ExitStatus =
      switch error {
      case .unavailable, .outOfTime: .tryAgain
      case .unusable: .unusable
      case .refused: .refused
      }
    return .failed(status: status.rawValue, hint: hint)
  }

  private func hint(_ error: IssuerError, _ url: String) -> String {
    let orProxy = proxy == nil ? "" : " and the proxy"
    let same = "curl -I \(ShellWord.quote(url))"
    switch error {
    case .outOfTime: return "check the network\(orProxy), then: \(same)"
    case .unavailable(let trouble) where trouble.isTransient:
      return "check the network\(orProxy), then: \(same)"
    case .unavailable:
      return "check the certificate's authority (METI_CA_FILE)\(orProxy), then: \(same)"
    case .unusable, .refused:
      return "check --api-url and whether the network wants a log-in, then: \(same)"
    }
  }
}
