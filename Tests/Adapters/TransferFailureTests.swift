import CLibcurl
import Glibc
import MetiToken
import Testing

@testable import TokenEndpoint

@Suite struct `A transfer that fails` {
  static let origin = "https://api.meti.millpont.com"
  static let proxy = ProxySetting { $0 == "https_proxy" ? "http://u:hunter2@proxy:3128" : nil }

  private func meaning(_ failure: TransferFailure) -> IssuerError {
    failure.error(origin: Self.origin, caFile: nil)
  }

  private func failure(_ reason: String, _ detail: String, mayPass: Bool) -> IssuerError {
    .unavailable(reason, detail: detail, isTransient: mayPass)
  }

  @Test(arguments: [
    (ECONNREFUSED, "Connection refused"), (ENETUNREACH, "Network is unreachable"),
    (0, "Failed to connect to a port 443: no"),
  ])
  func `to connect says why`(_ errno: Int32, _ why: String) {
    let text = "Failed to connect to a port 443: no"
    #expect(
      meaning(TransferFailure(code: CURLE_COULDNT_CONNECT, text: text, systemError: errno))
        == failure("cannot reach \(Self.origin): \(why)", "curl 7: \(text)", mayPass: true))
  }

  @Test func `on the way to or through a proxy names it without its password`() {
    let text = "Proxy CONNECT aborted"
    #expect(
      meaning(TransferFailure(code: CURLE_RECV_ERROR, text: text, proxy: Self.proxy))
        == failure(
          "cannot reach \(Self.origin) through the proxy http://***@proxy:3128: "
            + "Proxy CONNECT aborted", "curl 56: \(text)", mayPass: true))
  }

  @Test(arguments: [
    (CURLE_COULDNT_RESOLVE_PROXY, "Unsupported proxy syntax in 'http://u:hunter2@:x': Bad port"),
    (CURLE_COULDNT_CONNECT, "Unsupported proxy scheme for 'xyz://u:hunter2'"),
  ])
  func `over a proxy's URL does not show it`(_ code: CURLcode, _ text: String) {
    #expect(
      meaning(TransferFailure(code: code, text: text))
        == failure(
          "cannot reach \(Self.origin): the proxy's URL in the environment is malformed",
          "curl \(code.rawValue): (not shown)", mayPass: false))
  }

  @Test(arguments: [(407, false), (403, false), (302, false), (502, true), (429, true)])
  func `by the proxy's refusal may pass if its status says so`(_ status: Int, _ mayPass: Bool) {
    let text = "Received HTTP code \(status) from proxy after CONNECT"
    let failure = TransferFailure(
      code: CURLE_RECV_ERROR, text: text, proxy: Self.proxy, connectStatus: status)
    #expect(
      meaning(failure)
        == self.failure(
          "cannot reach \(Self.origin) through the proxy http://***@proxy:3128: "
            + "Received HTTP code \(status) from proxy after CONNECT", "curl 56: \(text)",
          mayPass: mayPass))
  }

  @Test func `in TLS with an http proxy that is named as https says so`() {
    let proxy = ProxySetting { $0 == "HTTPS_PROXY" ? "https://proxy:3128" : nil }
    let text = "error:0A00010B:SSL routines::wrong version number"
    #expect(
      meaning(TransferFailure(code: CURLE_SSL_CONNECT_ERROR, text: text, proxy: proxy))
        == failure(
          "cannot reach \(Self.origin) through the proxy https://proxy:3128: "
            + "TLS with the proxy fails; if it is an http proxy, correct HTTPS_PROXY",
          "curl 35: \(text)", mayPass: false))
  }

  @Test func `in the time for connecting says nothing of METI`() {
    let text = "Resolving timed out after 1000 milliseconds"
    let reason = "cannot reach \(Self.origin): Resolving timed out after 1000 milliseconds"
    #expect(
      meaning(TransferFailure(code: CURLE_OPERATION_TIMEDOUT, text: text))
        == .outOfTime(reason: reason, detail: "curl 28: \(text)"))
  }

  @Test func `in the time for the answer says nothing of METI`() {
    let late = TransferFailure(code: CURLE_OPERATION_TIMEDOUT, isConnected: true)
    #expect(
      meaning(late)
        == .outOfTime(reason: "cannot reach \(Self.origin): no answer in time", detail: "curl 28: ")
    )
  }

  @Test(arguments: [(false, ""), (true, "the proxy's own certificate: ")])
  func `over the certificate says what is wrong with whose`(_ isProxys: Bool, _ whose: String) {
    let text = "SSL certificate problem: certificate has expired"
    let failure = TransferFailure(
      code: CURLE_PEER_FAILED_VERIFICATION, text: text, distrustsProxy: isProxys)
    #expect(
      meaning(failure)
        == self.failure(
          "cannot trust \(Self.origin): \(whose)\(text)", "curl 60: \(text)", mayPass: false))
  }

  @Test(arguments: [
    ("OpenSSL SSL_connect: SSL_ERROR_SYSCALL in connection to a:443", true),
    ("OpenSSL SSL_connect: Connection reset by peer in connection to a:443", true),
    ("OpenSSL/3: no cipher", false),
  ])
  func `in the handshake may pass if the connection was lost`(_ text: String, _ mayPass: Bool) {
    #expect(
      meaning(TransferFailure(code: CURLE_SSL_CONNECT_ERROR, text: text))
        == failure("cannot reach \(Self.origin): \(text)", "curl 35: \(text)", mayPass: mayPass))
  }

  @Test func `in OpenSSL is reported without its numbers`() {
    let text = "error:0A000102:SSL routines::unsupported protocol"
    #expect(
      meaning(TransferFailure(code: CURLE_SSL_CONNECT_ERROR, text: text))
        == failure(
          "cannot reach \(Self.origin): TLS: unsupported protocol", "curl 35: \(text)",
          mayPass: false))
  }

  @Test(arguments: [
    (CURLE_GOT_NOTHING, true), (CURLE_RECV_ERROR, true), (CURLE_SEND_ERROR, true),
    (CURLE_PARTIAL_FILE, true), (CURLE_PROXY, true), (CURLE_COULDNT_RESOLVE_HOST, true),
    (CURLE_BAD_FUNCTION_ARGUMENT, false),
  ])
  func `on the way may pass, but not by a fault of ours`(_ code: CURLcode, _ mayPass: Bool) {
    #expect(
      meaning(TransferFailure(code: code, text: "Lost", isConnected: true))
        == failure(
          "cannot reach \(Self.origin): Lost", "curl \(code.rawValue): Lost", mayPass: mayPass))
  }

  @Test func `keeps what libcurl said for a terminal to show`() {
    let failure = TransferFailure(code: CURLE_SEND_ERROR, text: "a\u{1B}[2Jb\nü")
    #expect(failure.detail == "curl 55: a?[2Jb?ü")
  }
}
