import CLibcurl
import MetiToken

/// What is set for TLS: the floor, and which certificates are trusted. It is one list for the requests
/// of ``TokenEndpoint`` and for a curl(1) that is started.
public struct TLSSettings: Equatable, Sendable {
  /// PEM certificates that replace the system's; `nil` for the system's.
  public let caFile: String?

  public init(caFile: String?) { self.caFile = caFile }

  private typealias Setting = (option: CURLoption, argument: String, value: String)

  /// For the server, and for a proxy.
  private var settings: (server: [Setting], proxy: [Setting]) {
    guard let caFile else { return ([], []) }
    // The system's directory is trusted beside the file, unless another is named. Of an empty name
    // curl says that it cannot be read.
    let noDirectory = "/dev/null"
    return (
      [(CURLOPT_CAINFO, "--cacert", caFile), (CURLOPT_CAPATH, "--capath", noDirectory)],
      [
        (CURLOPT_PROXY_CAINFO, "--proxy-cacert", caFile),
        (CURLOPT_PROXY_CAPATH, "--proxy-capath", noDirectory),
      ]
    )
  }

  /// What curl(1) is given.
  public var curlArguments: [String] {
    // Set by name, the floor counts before an OPENSSL_CONF.
    ["--tlsv1.2"] + (settings.server + settings.proxy).flatMap { [$0.argument, $0.value] }
  }

  func apply(to handle: borrowing CurlHandle) throws(IssuerError) {
    try handle.set(CURLOPT_SSLVERSION, Int(CURL_SSLVERSION_TLSv1_2))
    try? handle.set(CURLOPT_PROXY_SSLVERSION, Int(CURL_SSLVERSION_TLSv1_2))
    try handle.set(CURLOPT_SSL_VERIFYPEER, 1)
    try handle.set(CURLOPT_SSL_VERIFYHOST, 2)
    for setting in settings.server { try handle.set(setting.option, setting.value) }
    // Not every libcurl can speak TLS to a proxy.
    for setting in settings.proxy { try? handle.set(setting.option, setting.value) }
  }
}
