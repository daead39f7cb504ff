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
    return try transfer(request, until: deadline, connectLimit: connectLimit).token()
  }

  /// One request and its whole answer.
  func transfer(
    _ request: borrowing GrantRequest, until deadline: Deadline, connectLimit: Int64
  ) throws(IssuerError) -> HTTPResponse {
    let origin = request.server.origin
    let start = clock.now()
    let time = deadline.remaining(at: start)
    guard time > 0 else {
      throw .outOfTime(reason: "there is no time left to ask \(origin)")
    }
    let library = try CurlLibrary.shared.get()
    onDetail("\(request.body.isEmpty ? "HEAD" : "POST") \(request.url) with \(library.version)")
    var handle = try CurlHandle(library)
    try prepare(&handle, for: request.url, of: request.server)
    try handle.set(CURLOPT_TIMEOUT_MS, Int(time))
    try handle.set(CURLOPT_CONNECTTIMEOUT_MS, Int(min(time, connectLimit)))
    if request.body.isEmpty { try? handle.set(CURLOPT_CERTINFO, 1) }

    let response = HTTPResponse(library)
    var isSlow = false
    response.onProgress = { [clock, onSlow] in
      guard !isSlow, clock.now().boot - start.boot > 1000 else { return }
      isSlow = true
      onSlow()
    }
    let code = handle.perform(request.body, into: response)
    let (status, end) = (handle.number(CURLINFO_RESPONSE_CODE), clock.now())
    response.status = status
    response.now = end.wall / 1000
    response.milliseconds = end.boot - start.boot
    response.certificate = handle.certificateLines
    onDetail("\(status == 0 ? "no answer" : "HTTP \(status)") after \(response.milliseconds) ms")
    // Most statuses say enough, whatever became of the body; after 101, which was not asked for,
    // libcurl waits for an answer until the end.
    let needsBody = (200..<300).contains(status) || [400, 401, 403, 422].contains(status)
    let isEnough = status == 101 || status >= 300 && !needsBody || response.isTooLong
    if response.hasWholeHeaders && (code == CURLE_OK || isEnough) { return response }
    if response.isTooLong {
      let limit = HTTPResponse.longest / 1024
      throw .unusable(reason: "the headers in METI's answer are larger than \(limit) KiB")
    }
    throw handle.failure(code, response).error(origin: origin, caFile: tls.caFile)
  }

  /// All that is the same for every request.
  private func prepare(
    _ handle: inout CurlHandle, for url: String, of server: APIURL
  ) throws(IssuerError) {
    let scheme = server.scheme
    try handle.set(CURLOPT_URL, url)
    try handle.set(CURLOPT_PATH_AS_IS, 1)
    // Its successor takes a string, which versions before 7.85 do not know.
    let protocols = scheme == .https ? CURLPROTO_HTTPS : CURLPROTO_HTTP
    try handle.set(meti_CURLOPT_PROTOCOLS, Int(protocols))
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
