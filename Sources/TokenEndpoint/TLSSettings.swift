import CLibcurl
import MetiToken

/// Whom a request trusts, in one list: for this program's own requests and for a curl that it runs.
public struct TLSSettings {
  /// PEM certificates to trust instead of the system's.
  let caFile: String?

  public init(caFile: String?) { self.caFile = caFile }

  /// An empty place to look for certificates: without one, curl looks in the system's directory too.
  private static let noDirectory = "/dev/null"

  /// As curl(1) takes them.
  public var curlArguments: [String] {
    var arguments = ["--tlsv1.2"]
    if let caFile { arguments += ["--cacert", caFile, "--capath", Self.noDirectory] }
    return arguments
  }

  /// The same for a transfer of ours.
  func apply(to handle: borrowing CurlHandle) throws(IssuerError) {
    try handle.set(CURLOPT_SSL_VERIFYPEER, 1)
    try handle.set(CURLOPT_SSL_VERIFYHOST, 2)
    try handle.set(CURLOPT_SSLVERSION, Int(CURL_SSLVERSION_TLSv1_2))
    guard let caFile else { return }
    // This file alone, for an https proxy as well; not every libcurl can speak to one of those.
    try handle.set(CURLOPT_CAINFO, caFile)
    try handle.set(CURLOPT_CAPATH, nil)
    try? handle.set(CURLOPT_PROXY_CAINFO, caFile)
    try? handle.set(CURLOPT_PROXY_CAPATH, nil)
  }
}
