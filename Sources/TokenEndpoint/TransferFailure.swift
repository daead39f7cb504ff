import CLibcurl
import Glibc
import MetiToken

/// A transfer that brought no whole answer: what libcurl knows of it, and what that means.
struct TransferFailure: Equatable {
  var code: CURLcode
  /// What libcurl says (CURLOPT_ERRORBUFFER(3), curl_easy_strerror(3)). It may quote the proxy's URL.
  var text = ""
  /// CURLINFO_OS_ERRNO(3): errno of the last connect(2) that failed; 0 if there was none.
  var systemError: Int32 = 0
  /// The proxy that was used.
  var proxy: ProxySetting?
  /// CURLINFO_HTTP_CONNECTCODE(3): the status a proxy answered to CONNECT; 0 if it was not asked.
  var connectStatus = 0
  /// Whether an https proxy's own certificate is not trusted (CURLINFO_PROXY_SSL_VERIFYRESULT(3)).
  var distrustsProxy = false
  /// Whether the server was reached, TLS included.
  var isConnected = false

  /// - Parameters:
  ///   - origin: whom the request was for.
  ///   - caFile: the CA file in use, `nil` for the system's.
  func error(origin: String, caFile: String?) -> IssuerError {
    let server = proxy.map { "\(origin) through the proxy \($0.url)" } ?? origin
    switch code {
    case CURLE_OPERATION_TIMEDOUT:
      let why = isConnected ? "no answer in time" : words
      return .outOfTime(reason: "cannot reach \(server): \(why)", detail: detail)
    case CURLE_SSL_CACERT_BADFILE:
      return lasting("cannot read CA certificates from \(caFile ?? "the system's CA store")")
    case CURLE_PEER_FAILED_VERIFICATION:
      let whose = distrustsProxy ? "the proxy's own certificate: " : ""
      return lasting("cannot trust \(server): \(whose)\(words)")
    case _ where isDamaged && isConnected:
      return .unusable(reason: "the answer of \(server) is damaged: \(words)")
    default:
      return .unavailable(
        "cannot reach \(server): \(words)", detail: detail, isTransient: isTransient)
    }
  }

  private func lasting(_ reason: String) -> IssuerError {
    .unavailable(reason, detail: detail, isTransient: false)
  }

  /// libcurl's code and text, for `--verbose`.
  var detail: String { "curl \(code.rawValue): \(shown)" }

  /// The text for a terminal, without the URL of a proxy, which may have a password.
  private var shown: String {
    guard !text.contains("@"), !isProxyMalformed else { return "(not shown)" }
    return text.escapedForTerminal()
  }

  private var words: String {
    if isProxyMalformed { return "the proxy's URL in the environment is malformed" }
    if code == CURLE_SSL_CONNECT_ERROR, connectStatus == 0, let proxy,
      proxy.url.hasPrefix("https:")
    {
      return "TLS with the proxy fails; if it is an http proxy, correct \(proxy.variable)"
    }
    if code == CURLE_COULDNT_CONNECT, systemError != 0 {
      return unsafe String(cString: strerror(systemError))
    }
    // OpenSSL's: `error:0A00010B:SSL routines::wrong version number`.
    if let end = shown.firstRange(of: " routines::") { return "TLS: \(shown[end.upperBound...])" }
    return shown
  }

  /// libcurl's words for a proxy's URL that it cannot read, which it then quotes.
  private var isProxyMalformed: Bool { text.hasPrefix("Unsupported proxy") }

  /// Whether what came is not HTTP, or its headers are too long.
  private var isDamaged: Bool {
    // One header line over libcurl's own limit: CURLE_OUT_OF_MEMORY, since 8.6 CURLE_TOO_LARGE (100).
    let codes = [
      CURLE_WEIRD_SERVER_REPLY, CURLE_UNSUPPORTED_PROTOCOL, CURLE_BAD_CONTENT_ENCODING,
      CURLE_OUT_OF_MEMORY, CURLcode(100),
    ]
    return codes.contains(code) || code == CURLE_RECV_ERROR && text.contains("chunk")
  }

  /// Whether a retry within the call may help.
  private var isTransient: Bool {
    if connectStatus >= 300 {
      // RFC 9110, 15.6: the next proxy or the server may be back soon.
      return connectStatus >= 500 || [408, 425, 429].contains(connectStatus)
    }
    switch code {
    case CURLE_COULDNT_RESOLVE_PROXY, CURLE_COULDNT_CONNECT: return !isProxyMalformed
    case CURLE_COULDNT_RESOLVE_HOST, CURLE_GOT_NOTHING, CURLE_PARTIAL_FILE, CURLE_SEND_ERROR,
      CURLE_RECV_ERROR, CURLE_PROXY, CURLE_OK:
      return true
    case CURLE_SSL_CONNECT_ERROR:
      // A lost connection, rather than a disagreement: what OpenSSL and GnuTLS say then.
      return ["SYSCALL", "reset by peer", "unexpected eof", "non-properly terminated", "pull"]
        .contains { text.contains($0) }
    default: return false
    }
  }
}

extension CurlHandle {
  /// What is known of a transfer that ended with `code`.
  func failure(_ code: CURLcode, _ response: HTTPResponse) -> TransferFailure {
    TransferFailure(
      code: code,
      text: code == CURLE_OK ? "the connection was lost" : text.isEmpty ? "no reason" : text,
      systemError: Int32(clamping: number(CURLINFO_OS_ERRNO)),
      proxy: response.usesProxy ? ProxySetting() : nil,
      connectStatus: number(CURLINFO_HTTP_CONNECTCODE),
      distrustsProxy: number(CURLINFO_PROXY_SSL_VERIFYRESULT) != 0,
      isConnected: microseconds(CURLINFO_PRETRANSFER_TIME_T) > 0)
  }
}
