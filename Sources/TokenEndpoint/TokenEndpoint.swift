import CLibcurl
import Glibc
import MetiToken

/// METI's token endpoint, or an OAuth 2.0 one, over libcurl.
///
/// https with a verified certificate, or http to this machine itself; no redirect is followed, no
/// cookie and no netrc used. Proxies are those of the environment (`HTTPS_PROXY`, `NO_PROXY`).
public struct TokenEndpoint: TokenIssuer {
  let clock: any Clock
  let caFile: String?
  let onDetail: (String) -> Void
  let onSlow: () -> Void

  /// - Parameters:
  ///   - caFile: PEM certificates to trust instead of the system's.
  ///   - onDetail: is told what `--verbose` shows, a line at a time; never a secret.
  ///   - onSlow: is called once if the answer takes more than a second.
  public init(
    clock: any Clock, caFile: String?, onDetail: @escaping (String) -> Void,
    onSlow: @escaping () -> Void = {}
  ) {
    self.clock = clock
    self.caFile = caFile
    self.onDetail = onDetail
    self.onSlow = onSlow
  }

  /// Makes one request, which is over by `deadline`. No reason quotes the server.
  public func issue(
    for credential: borrowing Credential, until deadline: Deadline, connectLimit: Int64
  ) throws(IssuerError) -> IssuedToken {
    let request = GrantRequest(for: credential)
    let curl = try CurlLibrary.shared.get()
    let sent = clock.now()
    let time = deadline.remaining(at: sent)
    guard time > 0 else {
      throw .outOfTime(reason: "there is no time left to ask \(request.server.origin)")
    }
    onDetail("POST \(request.url) with \(curl.version)")
    var handle = try CurlHandle(curl)
    try prepare(
      &handle, for: request.url, of: request.server, milliseconds: time, connectLimit: connectLimit)
    let answer = HTTPResponse()
    var isSlow = false
    answer.onProgress = { [clock, onSlow] in
      guard !isSlow, clock.now().boot - sent.boot > 1000 else { return }
      isSlow = true
      onSlow()
    }
    let code = handle.post(request.body, into: answer)
    let status = handle.number(CURLINFO_RESPONSE_CODE)
    let took = handle.microseconds(CURLINFO_TOTAL_TIME_T) / 1000
    onDetail("\(status == 0 ? "no answer" : "HTTP \(status)") after \(took) ms")
    // Of anything but a success the status says enough, whatever became of the body; after 101,
    // which was not asked for, libcurl waits for an answer in vain.
    let isBodyCut = code == CURLE_PARTIAL_FILE || answer.excess == .body
    let isStatusEnough = status == 101 || (status >= 300 && isBodyCut)
    guard code == CURLE_OK || isStatusEnough else {
      if let excess = answer.excess { throw excess.error }
      let failure = handle.failure(
        code, isGnuTLS: curl.isGnuTLS, hadFullConnect: time > connectLimit)
      onDetail(failure.detail)
      throw failure.error(
        server: request.server, mayUseProxy: mayUseProxy(for: request.server), caFile: caFile)
    }
    let times = ResponseTimes(
      retryAfter: handle.offset(meti_CURLINFO_RETRY_AFTER),
      date: answer.date.flatMap { curl.seconds(of: $0) }, now: clock.now().wall / 1000)
    return try answer.token(status: status, times)
  }

  /// All that is the same for every request.
  func prepare(
    _ handle: inout CurlHandle, for url: String, of server: APIURL, milliseconds: Int64,
    connectLimit: Int64
  ) throws(IssuerError) {
    let scheme = server.scheme
    try handle.set(CURLOPT_URL, url)
    try handle.set(CURLOPT_PATH_AS_IS, 1)
    do {
      try handle.set(meti_CURLOPT_PROTOCOLS_STR, scheme.rawValue)
    } catch {
      try handle.set(
        meti_CURLOPT_PROTOCOLS, Int(scheme == .https ? CURLPROTO_HTTPS : CURLPROTO_HTTP))
    }
    try handle.set(CURLOPT_FOLLOWLOCATION, 0)
    try handle.set(CURLOPT_NETRC, 0)
    try handle.set(CURLOPT_HTTP_VERSION, Int(CURL_HTTP_VERSION_1_1))
    try handle.set(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1)
    try handle.set(CURLOPT_USERAGENT, "meti-token/\(Version.text)")
    try handle.set(headers: [
      "Content-Type: application/json", "Accept: application/json", "Expect:",
      "Accept-Encoding: identity",
    ])
    // A server may compress all the same (RFC 9110, 12.5.3): decode what this libcurl can.
    try handle.set(CURLOPT_ACCEPT_ENCODING, "")
    // Whatever the proxy asks for; nothing is sent before it asks.
    try handle.set(CURLOPT_PROXYAUTH, meti_CURLAUTH_ANY)
    // Only this machine is spoken to without TLS, and a proxy would be another one.
    if scheme == .http { try handle.set(CURLOPT_PROXY, "") }

    try handle.set(CURLOPT_NOSIGNAL, 1)
    try handle.set(CURLOPT_TIMEOUT_MS, Int(milliseconds))
    try handle.set(CURLOPT_CONNECTTIMEOUT_MS, Int(min(milliseconds, connectLimit)))
    // Since 7.87; without it a name server that does not answer holds up the cleanup.
    try? handle.set(meti_CURLOPT_QUICK_EXIT, 1)

    try TLSSettings(caFile: caFile).apply(to: handle)
  }

  /// Whether libcurl finds a proxy for `server` in the environment, `NO_PROXY` left aside
  /// (libcurl-env(3)).
  func mayUseProxy(for server: APIURL) -> Bool {
    server.scheme == .https
      && ["https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"].contains { name in
        guard let value = unsafe getenv(name) else { return false }
        return unsafe value.pointee != 0
      }
  }
}

extension CurlHandle {
  /// What is known of a transfer that ended with `code` and was given so many milliseconds.
  func failure(
    _ code: CURLcode, isGnuTLS: Bool, hadFullConnect: Bool
  ) -> TransferFailure {
    let reached: TransferFailure.Stage =
      if microseconds(CURLINFO_PRETRANSFER_TIME_T) > 0 {
        .handshake
      } else if microseconds(CURLINFO_CONNECT_TIME_T) > 0 {
        .connection
      } else if microseconds(CURLINFO_NAMELOOKUP_TIME_T) > 0 { .name } else { .nothing }
    return TransferFailure(
      code: code, text: text, systemError: Int32(clamping: number(CURLINFO_OS_ERRNO)),
      verifyResult: number(CURLINFO_SSL_VERIFYRESULT),
      proxyVerifyResult: number(CURLINFO_PROXY_SSL_VERIFYRESULT), isGnuTLS: isGnuTLS,
      connectStatus: number(CURLINFO_HTTP_CONNECTCODE),
      proxyError: number(CURLINFO_PROXY_ERROR), reached: reached,
      hadFullConnect: hadFullConnect)
  }
}
