import CLibcurl
import Glibc
import MetiToken
import Testing

@testable import TokenEndpoint

@Suite struct `A transfer that fails` {
  private func meaning(
    _ failure: TransferFailure, mayUseProxy: Bool = false, caFile: String? = nil
  ) -> IssuerError {
    failure.error(server: .standard, mayUseProxy: mayUseProxy, caFile: caFile)
  }

  private func trouble(_ reason: String, _ detail: String) -> IssuerError {
    .unavailable(.init(reason: reason, detail: detail))
  }

  private func lasting(_ reason: String, _ detail: String) -> IssuerError {
    .unavailable(.init(reason: reason, detail: detail, isTransient: false))
  }

  static let origin = "https://api.meti.millpont.com"

  @Test(arguments: [
    (ECONNREFUSED, "connection refused"), (ENETUNREACH, "the network is unreachable"),
    (EHOSTUNREACH, "there is no route to it"), (ETIMEDOUT, "connection timed out"),
    (0, "no connection"), (13, "connect(2) fails (errno 13)"),
  ])
  func `to connect says why`(_ errno: Int32, _ why: String) {
    let text = "Failed to connect to api.meti.millpont.com port 443 after 1 ms: No"
    let failure = TransferFailure(code: CURLE_COULDNT_CONNECT, text: text, systemError: errno)
    #expect(
      meaning(failure, mayUseProxy: true)
        == trouble("cannot reach \(Self.origin): \(why)", "curl 7: \(text)"))
  }

  @Test(arguments: [
    "Failed to connect to 10.0.0.1 port 3128 after 1 ms: No",
    "Failed to connect to api.meti.millpont.com port 443 over 10.0.0.1 after 1 ms: No",
  ])
  func `to connect to the proxy names the proxy`(_ text: String) {
    let failure = TransferFailure(
      code: CURLE_COULDNT_CONNECT, text: text, systemError: ECONNREFUSED)
    #expect(
      meaning(failure, mayUseProxy: true)
        == trouble(
          "cannot reach the proxy for \(Self.origin): connection refused", "curl 7: \(text)"))
  }

  @Test(arguments: [
    (CURLE_COULDNT_RESOLVE_PROXY, "Unsupported proxy syntax in 'http://u:hunter2@:x': Bad port"),
    (CURLE_COULDNT_CONNECT, "Unsupported proxy scheme for 'xyz://u:hunter2@proxy'"),
  ])
  func `over a proxy's URL does not show it`(_ code: CURLcode, _ text: String) {
    #expect(
      meaning(TransferFailure(code: code, text: text), mayUseProxy: true)
        == lasting(
          "cannot use the proxy for \(Self.origin): its URL in the environment is not one",
          "curl \(code.rawValue): (not shown)"))
  }

  @Test(arguments: [
    (TransferFailure.Stage.nothing, "the name did not resolve in time"),
    (.name, "connection timed out"), (.connection, "the TLS handshake timed out"),
  ])
  func `in time says how far it came`(_ stage: TransferFailure.Stage, _ why: String) {
    let failure = TransferFailure(code: CURLE_OPERATION_TIMEDOUT, reached: stage)
    #expect(meaning(failure) == trouble("cannot reach \(Self.origin): \(why)", "curl 28: "))
  }

  @Test(arguments: [
    (TransferFailure.Stage.nothing, false, "the name did not resolve in time"),
    (.name, false, "connection timed out"), (.connection, false, "the TLS handshake timed out"),
    (.handshake, false, "no answer in time"), (.handshake, true, "no answer in time"),
  ])
  func `in the caller's time says nothing of METI`(
    _ stage: TransferFailure.Stage, _ hadFullConnect: Bool, _ why: String
  ) {
    let failure = TransferFailure(
      code: CURLE_OPERATION_TIMEDOUT, reached: stage, hadFullConnect: hadFullConnect)
    #expect(
      meaning(failure)
        == .outOfTime(reason: "cannot reach \(Self.origin): \(why)", detail: "curl 28: "))
  }

  @Test(arguments: [
    (10, "", "its certificate has expired"), (18, "", "its certificate is self-signed"),
    (9, "", "its certificate is not valid yet, or this clock is wrong"),
    (20, "", "its certificate is from an issuer that is not trusted here"),
    (62, "", "its certificate is for another host name"),
    (
      0, "SSL: no alternative certificate subject name matches target host name 'a'",
      "its certificate is for another host name"
    ),
    (
      0, "SSL: certificate subject name (a) does not match b",
      "its certificate is for another host name"
    ),
    (1, "", "its certificate cannot be verified"),
  ])
  func `over the certificate says what is wrong with it`(
    _ result: Int, _ text: String, _ why: String
  ) {
    let failure = TransferFailure(
      code: CURLE_PEER_FAILED_VERIFICATION, text: text, verifyResult: result)
    #expect(meaning(failure) == lasting("cannot trust \(Self.origin): \(why)", "curl 60: \(text)"))
  }

  @Test(arguments: [
    (1026, "has expired"), (514, "is not valid yet, or this clock is wrong"),
    (66, "is from an issuer that is not trusted here"), (34, "was revoked"),
    (2, "cannot be verified"),
  ])
  func `over the certificate with GnuTLS says what is wrong with it`(_ status: Int, _ why: String) {
    let failure = TransferFailure(
      code: CURLE_PEER_FAILED_VERIFICATION, verifyResult: status, isGnuTLS: true)
    #expect(
      meaning(failure)
        == lasting("cannot trust \(Self.origin): its certificate \(why)", "curl 60: "))
  }

  @Test func `over the CA file names it`() {
    let failure = TransferFailure(code: CURLE_SSL_CACERT_BADFILE)
    #expect(
      meaning(failure, caFile: "/etc/ca.pem")
        == lasting("cannot read CA certificates from /etc/ca.pem", "curl 77: "))
    #expect(
      meaning(failure)
        == lasting("cannot read CA certificates from the system's CA store", "curl 77: "))
  }

  @Test(arguments: [
    ("OpenSSL SSL_connect: SSL_ERROR_SYSCALL in connection to a:443", true),
    ("Recv failure: Connection reset by peer", true),
    ("error:0A00010B:SSL routines::wrong version number", false), ("", false),
  ])
  func `in the handshake may pass where the line went dead`(_ text: String, _ mayPass: Bool) {
    let failure = TransferFailure(code: CURLE_SSL_CONNECT_ERROR, text: text)
    let reason =
      mayPass ? "the connection was lost in the TLS handshake" : "the TLS handshake fails"
    #expect(
      meaning(failure)
        == .unavailable(
          .init(
            reason: "cannot reach \(Self.origin): \(reason)", detail: "curl 35: \(text)",
            isTransient: mayPass)))
  }

  @Test(arguments: [
    "OpenSSL SSL_read: error:0A00045C:SSL routines::tlsv13 alert certificate required",
    "GnuTLS recv error (-12): A TLS fatal alert has been received.",
  ])
  func `by an alert after the handshake does not pass`(_ text: String) {
    #expect(
      meaning(TransferFailure(code: CURLE_RECV_ERROR, text: text))
        == lasting("cannot reach \(Self.origin): it ends TLS with an alert", "curl 56: \(text)"))
  }

  @Test func `because the proxy hangs up names the proxy`() {
    #expect(
      meaning(TransferFailure(code: CURLE_RECV_ERROR, text: "Proxy CONNECT aborted"))
        == trouble(
          "the proxy for \(Self.origin) fails: it closed the connection",
          "curl 56: Proxy CONNECT aborted"))
  }

  @Test(arguments: [
    (407, "it wants a log-in", false), (403, "it refuses the connection", false),
    (502, "it refuses the connection", true), (429, "it refuses the connection", true),
  ])
  func `by the proxy's refusal names the proxy`(_ status: Int, _ why: String, _ mayPass: Bool) {
    let failure = TransferFailure(code: CURLE_RECV_ERROR, connectStatus: status)
    #expect(
      meaning(failure)
        == .unavailable(
          .init(
            reason: "cannot reach \(Self.origin) through the proxy: \(why) (\(status))",
            detail: "curl 56: ", isTransient: mayPass)))
  }

  @Test(arguments: [
    (CURLPX_USER_REJECTED, "it does not accept the log-in", false),
    (CURLPX_REPLY_CONNECTION_REFUSED, "connection refused", true),
    (CURLPX_UNKNOWN_FAIL, "it does not make the connection", false),
  ])
  func `by a SOCKS proxy says why`(_ code: CURLproxycode, _ why: String, _ mayPass: Bool) {
    let failure = TransferFailure(code: CURLE_PROXY, proxyError: Int(code.rawValue))
    #expect(
      meaning(failure)
        == .unavailable(
          .init(
            reason: "the proxy for \(Self.origin) fails: \(why)", detail: "curl 97: ",
            isTransient: mayPass)))
  }

  @Test(arguments: [
    (CURLE_WEIRD_SERVER_REPLY, "is damaged: it is not HTTP"),
    (CURLE_UNSUPPORTED_PROTOCOL, "is damaged: it is not HTTP"),
  ])
  func `by a damaged answer is not repeated`(_ code: CURLcode, _ what: String) {
    #expect(
      meaning(TransferFailure(code: code))
        == .unusable(reason: "the answer of \(Self.origin) \(what)"))
  }

  @Test(arguments: [
    (CURLE_GOT_NOTHING, "the connection was closed without an answer"),
    (CURLE_RECV_ERROR, "the connection was lost"), (CURLE_SEND_ERROR, "the connection was lost"),
    (CURLE_COULDNT_RESOLVE_HOST, "the name does not resolve"),
    (CURLE_BAD_FUNCTION_ARGUMENT, "libcurl gives up (43)"),
  ])
  func `on the way may pass`(_ code: CURLcode, _ why: String) {
    #expect(
      meaning(TransferFailure(code: code))
        == trouble("cannot reach \(Self.origin): \(why)", "curl \(code.rawValue): "))
  }

  @Test func `keeps what libcurl said for a terminal to show`() {
    let failure = TransferFailure(code: CURLE_SEND_ERROR, text: "a\u{1B}[2Jb\nü")
    #expect(failure.detail == "curl 55: a?[2Jb???")
  }
}
