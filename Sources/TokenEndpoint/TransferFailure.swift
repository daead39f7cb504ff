import CLibcurl
import Glibc
import MetiToken

/// A transfer that brought no answer: what libcurl knows of it, and what that means.
struct TransferFailure: Equatable {
  var code: CURLcode
  /// CURLOPT_ERRORBUFFER; may be empty, and may quote the proxy's URL.
  var text = ""
  /// CURLINFO_OS_ERRNO: errno of the last connect(2) that failed; 0 where there was none.
  var systemError: Int32 = 0
  /// CURLINFO_SSL_VERIFYRESULT, of the server's certificate: OpenSSL's `X509_V_ERR_…`, or the bits
  /// of GnuTLS's `gnutls_certificate_status_t`.
  var verifyResult = 0
  /// The same of an https proxy's certificate.
  var proxyVerifyResult = 0
  var isGnuTLS = false
  /// CURLINFO_HTTP_CONNECTCODE: the status a proxy answered to CONNECT; 0 where it was not asked.
  var connectStatus = 0
  /// CURLINFO_PROXY_ERROR: why a SOCKS proxy failed (`CURLPX_…`).
  var proxyError = 0
  var reached = Stage.nothing
  /// Whether it was given all the time that a connection may take, and not only what was left of
  /// the caller's.
  var hadFullConnect = true

  /// How far the transfer came.
  enum Stage: Equatable {
    case nothing, name, connection, handshake
  }

  /// - Parameters:
  ///   - server: whom the request was for.
  ///   - mayUseProxy: whether the environment names a proxy for it.
  ///   - caFile: the CA file in use, `nil` for the system's.
  func error(server: APIURL, mayUseProxy: Bool, caFile: String?) -> IssuerError {
    let origin = server.origin
    // The proxy speaks first, and its refusal comes under more than one code.
    if connectStatus != 0, !(200..<300).contains(connectStatus) {
      return proxyRefusal(origin)
    }
    switch code {
    case CURLE_COULDNT_RESOLVE_PROXY where isProxyMalformed,
      CURLE_COULDNT_CONNECT where isProxyMalformed:
      return unavailable(
        "cannot use the proxy for \(origin): its URL in the environment is not one",
        isTransient: false)
    case CURLE_COULDNT_RESOLVE_HOST:
      return unavailable("cannot reach \(origin): the name does not resolve")
    case CURLE_COULDNT_RESOLVE_PROXY:
      return unavailable("cannot reach the proxy for \(origin): its name does not resolve")
    case CURLE_COULDNT_CONNECT:
      let what = mayUseProxy && isAboutProxy(server) ? "the proxy for \(origin)" : origin
      return unavailable("cannot reach \(what): \(systemReason)")
    case CURLE_OPERATION_TIMEDOUT:
      let proxy = mayUseProxy && reached != .handshake ? " (the environment names a proxy)" : ""
      let reason = "cannot reach \(origin): \(timeout)\(proxy)"
      // Behind the handshake there is no limit but the caller's.
      let isCallers = reached == .handshake || !hadFullConnect
      return isCallers ? .outOfTime(reason: reason, detail: detail) : unavailable(reason)
    case CURLE_PROXY:
      return unavailable(
        "the proxy for \(origin) fails: \(socksReason)", isTransient: socksMayPass)
    case CURLE_GOT_NOTHING:
      return unavailable("cannot reach \(origin): the connection was closed without an answer")
    case CURLE_RECV_ERROR where text.contains("chunked"):
      return .unusable(reason: "the answer of \(origin) is damaged: \(Self.notHTTP)")
    case CURLE_RECV_ERROR where text.contains("Proxy CONNECT"):
      return unavailable("the proxy for \(origin) fails: it closed the connection")
    case CURLE_SEND_ERROR where isAlert, CURLE_RECV_ERROR where isAlert:
      return unavailable(
        "cannot reach \(origin): it ends TLS with an alert", isTransient: false)
    case CURLE_SEND_ERROR, CURLE_RECV_ERROR:
      return unavailable("cannot reach \(origin): the connection was lost")
    case CURLE_PARTIAL_FILE:
      return unavailable("the answer of \(origin) is cut off")
    case CURLE_WEIRD_SERVER_REPLY, CURLE_UNSUPPORTED_PROTOCOL:
      return .unusable(reason: "the answer of \(origin) is damaged: \(Self.notHTTP)")
    case CURLE_OUT_OF_MEMORY, CURLcode(100):
      // One header line over libcurl's own limit: CURLE_OUT_OF_MEMORY, since 8.6 CURLE_TOO_LARGE.
      return .unusable(reason: "the headers in the answer of \(origin) are too long")
    default:
      return tlsError(origin, caFile: caFile)
        ?? unavailable("cannot reach \(origin): libcurl gives up (\(code.rawValue))")
    }
  }

  private static let notHTTP = "it is not HTTP"

  private func unavailable(_ reason: String, isTransient: Bool = true) -> IssuerError {
    .unavailable(
      IssuerError.Unavailable(reason: reason, detail: detail, isTransient: isTransient))
  }

  /// libcurl's code and text, for `--verbose`: printable ASCII only, for a terminal, and without
  /// the URL of a proxy, which may have a password.
  var detail: String {
    let text = String(
      decoding: text.utf8.map { $0 >= 0x20 && $0 < 0x7F ? $0 : UInt8(ascii: "?") }, as: UTF8.self)
    let shown = text.contains("@") || isProxyMalformed ? "(not shown)" : text
    return "curl \(code.rawValue): \(shown)"
  }

  /// Whether a connection failed on the way to a proxy: libcurl's text names whom it called.
  private func isAboutProxy(_ server: APIURL) -> Bool {
    let host = server.host.filter { $0 != "[" && $0 != "]" }
    return !text.contains("to \(host) port \(server.port)")
      || text.contains("port \(server.port) over ") || text.contains("proxy")
  }

  private var systemReason: String {
    switch systemError {
    case 0: return "no connection"
    case ECONNREFUSED: return "connection refused"
    case ETIMEDOUT: return "connection timed out"
    case ENETUNREACH: return "the network is unreachable"
    case EHOSTUNREACH: return "there is no route to it"
    default: return "connect(2) fails (errno \(systemError))"
    }
  }

  private var timeout: String {
    switch reached {
    case .nothing: "the name did not resolve in time"
    case .name: "connection timed out"
    case .connection: "the TLS handshake timed out"
    case .handshake: "no answer in time"
    }
  }
}

// MARK: - Proxies

extension TransferFailure {
  /// libcurl's words for a proxy's URL that it cannot read, which it then quotes.
  private var isProxyMalformed: Bool { text.hasPrefix("Unsupported proxy") }

  private func proxyRefusal(_ origin: String) -> IssuerError {
    let why = connectStatus == 407 ? "it wants a log-in" : "it refuses the connection"
    // RFC 9110, 15.6: the next proxy or the server may be back soon.
    let isTransient = connectStatus >= 500 || [408, 425, 429].contains(connectStatus)
    return unavailable(
      "cannot reach \(origin) through the proxy: \(why) (\(connectStatus))",
      isTransient: isTransient)
  }

  private var socksReason: String {
    switch proxyCode {
    case CURLPX_NO_AUTH, CURLPX_USER_REJECTED, CURLPX_IDENTD, CURLPX_IDENTD_DIFFER:
      "it does not accept the log-in"
    case CURLPX_REPLY_NOT_ALLOWED: "it does not allow the connection"
    case CURLPX_REPLY_CONNECTION_REFUSED: "connection refused"
    case CURLPX_REPLY_HOST_UNREACHABLE: "the host is unreachable"
    case CURLPX_REPLY_NETWORK_UNREACHABLE: "the network is unreachable"
    case CURLPX_RESOLVE_HOST: "the name does not resolve"
    case CURLPX_CLOSED: "it closed the connection"
    default: "it does not make the connection"
    }
  }

  /// What lies behind the proxy, or the line to it, may come back; an answer of "no" stays.
  private var socksMayPass: Bool {
    switch proxyCode {
    case CURLPX_CLOSED, CURLPX_RECV_ADDRESS, CURLPX_RECV_AUTH, CURLPX_RECV_CONNECT,
      CURLPX_RECV_REQACK, CURLPX_REPLY_CONNECTION_REFUSED, CURLPX_REPLY_GENERAL_SERVER_FAILURE,
      CURLPX_REPLY_HOST_UNREACHABLE, CURLPX_REPLY_NETWORK_UNREACHABLE, CURLPX_REPLY_TTL_EXPIRED,
      CURLPX_RESOLVE_HOST, CURLPX_SEND_AUTH, CURLPX_SEND_CONNECT, CURLPX_SEND_REQUEST:
      true
    default: false
    }
  }

  private var proxyCode: CURLproxycode { CURLproxycode(UInt32(clamping: proxyError)) }
}

// MARK: - TLS

extension TransferFailure {
  private func tlsError(_ origin: String, caFile: String?) -> IssuerError? {
    switch code {
    case CURLE_PEER_FAILED_VERIFICATION, CURLE_OBSOLETE51:
      let (whose, result) =
        proxyVerifyResult != 0
        ? ("the proxy for \(origin)", proxyVerifyResult) : (origin, verifyResult)
      return unavailable(
        "cannot trust \(whose): \(certificateReason(result))", isTransient: false)
    case CURLE_SSL_CONNECT_ERROR where wasBrokenOff:
      return unavailable("cannot reach \(origin): the connection was lost in the TLS handshake")
    case CURLE_SSL_CONNECT_ERROR:
      return unavailable("cannot reach \(origin): the TLS handshake fails", isTransient: false)
    case CURLE_SSL_CACERT_BADFILE:
      let place = caFile ?? "the system's CA store"
      return unavailable("cannot read CA certificates from \(place)", isTransient: false)
    case CURLE_SSL_CERTPROBLEM:
      return unavailable(
        "cannot reach \(origin): it wants a client certificate", isTransient: false)
    case CURLE_SSL_ISSUER_ERROR, CURLE_SSL_INVALIDCERTSTATUS, CURLE_SSL_PINNEDPUBKEYNOTMATCH:
      return unavailable(
        "cannot trust \(origin): its certificate cannot be verified", isTransient: false)
    case CURLE_SSL_CIPHER, CURLE_SSL_ENGINE_NOTFOUND, CURLE_SSL_ENGINE_SETFAILED,
      CURLE_SSL_ENGINE_INITFAILED, CURLE_SSL_CRL_BADFILE, CURLE_SSL_CLIENTCERT,
      CURLE_USE_SSL_FAILED:
      return unavailable(
        "cannot reach \(origin): TLS fails (\(code.rawValue))", isTransient: false)
    default:
      return nil
    }
  }

  /// A handshake in which the line went dead, rather than one in which the two disagreed: what
  /// OpenSSL and GnuTLS say then.
  private var wasBrokenOff: Bool {
    ["SYSCALL", "reset by peer", "unexpected eof", "non-properly terminated", "pull function"]
      .contains { text.contains($0) }
  }

  /// In TLS 1.3 a server refuses the client's side of the handshake only after it (RFC 8446, 6.2).
  private var isAlert: Bool { text.contains("alert") }

  private func certificateReason(_ result: Int) -> String {
    let flaw = isGnuTLS ? Self.gnuTLS(result) : Self.openSSL(result)
    if let flaw { return "its certificate \(flaw)" }
    // The name is compared by libcurl, which has no number for it.
    let isAboutName = text.contains("not match") || text.contains("no alternative certificate")
    return "its certificate \(isAboutName ? "is for another host name" : "cannot be verified")"
  }

  /// openssl/x509_vfy.h, explained in X509_STORE_CTX_get_error(3).
  private static func openSSL(_ result: Int) -> String? {
    switch result {
    case 9: "is not valid yet, or this clock is wrong"
    case 10: "has expired"
    case 18: "is self-signed"
    case 2, 19, 20, 21: "is from an issuer that is not trusted here"
    case 23: "was revoked"
    case 62: "is for another host name"
    default: nil
    }
  }

  /// gnutls/gnutls.h, `gnutls_certificate_status_t`.
  private static func gnuTLS(_ status: Int) -> String? {
    if status & 1 << 10 != 0 { return "has expired" }
    if status & 1 << 9 != 0 { return "is not valid yet, or this clock is wrong" }
    if status & 1 << 6 != 0 { return "is from an issuer that is not trusted here" }
    if status & 1 << 5 != 0 { return "was revoked" }
    return nil
  }
}
