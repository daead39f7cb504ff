import CLibcurl
import MetiToken

/// What is seen of a server by a request for headers alone, without credentials.
public struct EndpointProbe: Equatable, Sendable {
  /// The HTTP status, whatever it is.
  public let status: Int
  /// From the start of the request to the end of the answer.
  public let milliseconds: Int64
  /// How far the server's clock is ahead of this one, in milliseconds, taken in the middle of the
  /// request; its Date header has whole seconds (RFC 9110, 6.6.1). `nil` if it sent none.
  public let clockLead: Int64?
  /// The server's certificate in libcurl's words; `nil` over plain http, and if libcurl cannot tell.
  public let certificate: String?
  /// Whether the environment's proxy was used.
  public let usesProxy: Bool

  /// - Parameter lines: each `Name:value` (CURLINFO_CERTINFO(3)).
  static func certificate(_ lines: [String]) -> String? {
    let values = ["Subject:", "Issuer:", "Expire date:"].compactMap { name in
      lines.first { $0.hasPrefix(name) }?.dropFirst(name.count)
    }
    guard values.count == 3 else { return nil }
    return "certificate of \(values[0]), by \(values[1]), until \(values[2])".escapedForTerminal()
  }
}

extension TokenEndpoint {
  /// Requests the headers of `url` on `server`, with the same checks and limits as a request for a
  /// token.
  ///
  /// - Throws: `unavailable`, `outOfTime` or `unusable` if no answer comes.
  public func probe(
    _ url: String, on server: APIURL, until deadline: Deadline
  ) throws(IssuerError) -> EndpointProbe {
    let start = clock.now()
    let response = try transfer(
      GrantRequest(url: url, server: server, body: Secret()), until: deadline, connectLimit: .max)
    return EndpointProbe(
      status: response.status, milliseconds: response.milliseconds,
      // A Date of whole seconds is half a second behind on average.
      clockLead: response.date.map {
        $0 * 1000 + 500 - (start.wall + response.milliseconds / 2)
      },
      certificate: EndpointProbe.certificate(response.certificate), usesProxy: response.usesProxy)
  }
}
