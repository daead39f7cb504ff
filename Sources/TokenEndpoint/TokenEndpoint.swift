import CLibcurl
import MetiToken

/// METI's token endpoint, or an OAuth 2.0 one, over libcurl.
///
/// https with a verified certificate, or http to this machine itself; no redirect is followed, no
/// cookie and no netrc used. Proxies are those of the environment (`HTTPS_PROXY`, `NO_PROXY`).
public struct TokenEndpoint: TokenIssuer {
  let clock: any Clock
  let tls: TLSSettings
  let onDetail: (String) -> Void
  let onSlow: () -> Void

  /// - Parameters:
  ///   - caFile: PEM certificates to trust instead of the system's.
  ///   - onDetail: receives what `--verbose` shows, a line at a time; never a secret.
  ///   - onSlow: called once if the answer takes more than a second.
  public init(
    clock: any Clock, caFile: String?, onDetail: @escaping (String) -> Void,
    onSlow: @escaping () -> Void = {}
  ) {
    self.clock = clock
    self.tls = TLSSettings(caFile: caFile)
    self.onDetail = onDetail
    self.onSlow = onSlow
  }

  /// Makes one request, which is over by `deadline`. No reason quotes the server.
  public func issue(
    for credential: borrowing Credential, until deadline: Deadline, connectLimit: Int64
  ) throws(IssuerError) -> IssuedToken {
    let request = GrantRequest(for: credential)
    let curl = try CurlLibrary.shared.get()
    let answer = try transfer(
      "POST", request.url, of: request.server, until: deadline, connectLimit: connectLimit,
      CurlHandle(curl)
    ) { (handle, response) in handle.post(request.body, into: response) }
    let meaning = ResponseMeaning(
      response: answer.response, status: answer.status, now: clock.now().wall / 1000, curl: curl)
    return try meaning.token()
  }

  /// What came back, and the handle that knows more about it.
  struct Answer: ~Copyable {
    let handle: CurlHandle
    let response: HTTPResponse
    let status: Int
    let milliseconds: Int64
  }

  /// One request and its whole answer.
  func transfer(
    _ method: String, _ url: String, of server: APIURL, until deadline: Deadline,
    connectLimit: Int64, _ handle: consuming CurlHandle,
    perform: (borrowing CurlHandle, HTTPResponse) -> CURLcode
  ) throws(IssuerError) -> Answer {
    let start = clock.now()
    let time = deadline.remaining(at: start)
    guard time > 0 else {
      throw .outOfTime(reason: "there is no time left to ask \(server.origin)")
    }
    onDetail("\(method) \(url) with \(handle.library.version)")
    try prepare(&handle, for: url, of: server)
    try handle.set(CURLOPT_TIMEOUT_MS, Int(time))
    try handle.set(CURLOPT_CONNECTTIMEOUT_MS, Int(min(time, connectLimit)))

    let response = HTTPResponse()
    var isSlow = false
    response.onProgress = { [clock, onSlow] in
      guard !isSlow, clock.now().boot - start.boot > 1000 else { return }
      isSlow = true
      onSlow()
    }
    let code = perform(handle, response)
    let status = handle.number(CURLINFO_RESPONSE_CODE)
    let took = clock.now().boot - start.boot
    onDetail("\(status == 0 ? "no answer" : "HTTP \(status)") after \(took) ms")
    // Most statuses say enough, whatever became of the body; after 101, which was not asked for,
    // libcurl waits for an answer until the end.
    let needsBody = (200..<300).contains(status) || [400, 401, 403, 422].contains(status)
    let isEnough = status == 101 || status >= 300 && !needsBody || response.isTooLong
    let isWhole = response.hasWholeHeaders && (code == CURLE_OK || isEnough)
    guard isWhole else {
      if response.isTooLong {
        let limit = HTTPResponse.longest / 1024
        throw .unusable(reason: "the headers in METI's answer are larger than \(limit) KiB")
      }
      throw handle.failure(code, response).error(origin: server.origin, caFile: tls.caFile)
    }
    return Answer(handle: handle, response: response, status: status, milliseconds: took)
  }

  /// All that is the same for every request.
  private func prepare(
    _ handle: inout CurlHandle, for url: String, of server: APIURL
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
    ])
    // A server may compress all the same (RFC 9110, 12.5.3); libcurl then decodes what it can.
    try handle.set(CURLOPT_ACCEPT_ENCODING, "identity")
    // Whatever the proxy asks for; nothing is sent before it asks.
    try handle.set(CURLOPT_PROXYAUTH, meti_CURLAUTH_ANY)
    // Without TLS nothing leaves this machine, and a proxy would be another one.
    if scheme == .http { try handle.set(CURLOPT_PROXY, "") }
    // Since 7.87; without it a name server that does not answer holds up the end of the transfer.
    try? handle.set(meti_CURLOPT_QUICK_EXIT, 1)
    try tls.apply(to: handle)
  }
}
