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
  /// The server's certificate; `nil` over plain http, and if libcurl cannot tell.
  public let certificate: Certificate?
  /// Whether the environment's proxy was used.
  public let usesProxy: Bool

  /// A certificate as libcurl puts it into words.
  public struct Certificate: Equatable, Sendable {
    public let subject: String
    public let issuer: String
    /// The end of its validity.
    public let expiry: String

    /// - Parameter lines: each `Name:value` (CURLINFO_CERTINFO(3)).
    init?(_ lines: [String]) {
      func value(_ name: String) -> String? {
        guard let line = lines.first(where: { $0.hasPrefix("\(name):") }) else { return nil }
        return String(line.dropFirst(name.count + 1)).escapedForTerminal()
      }
      guard let subject = value("Subject"), let issuer = value("Issuer"),
        let expiry = value("Expire date")
      else { return nil }
      self.subject = Self.commonName(subject)
      self.issuer = Self.commonName(issuer)
      self.expiry = expiry
    }

    /// The common name in a distinguished name, `C = DE, CN = name`, however it is spaced; all of it
    /// if there is none.
    static func commonName(_ name: String) -> String {
      for part in name.split(separator: ",") {
        let pair = part.split(separator: "=", maxSplits: 1)
        guard pair.count == 2, pair[0].filter({ $0 != " " }) == "CN" else { continue }
        return String(pair[1].drop { $0 == " " })
      }
      return name
    }
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
    let curl = try CurlLibrary.shared.get()
    let handle = try CurlHandle(curl)
    try? handle.set(CURLOPT_CERTINFO, 1)
    let start = clock.now()
    let answer = try transfer(
      "HEAD", url, of: server, until: deadline, connectLimit: .max, handle
    ) { $0.head(into: $1) }
    let date = answer.response.headers["date"].flatMap { curl.date($0) }
    return EndpointProbe(
      status: answer.status, milliseconds: answer.milliseconds,
      // A Date of whole seconds is half a second behind on average.
      clockLead: date.map { $0 * 1000 + 500 - (start.wall + answer.milliseconds / 2) },
      certificate: EndpointProbe.Certificate(answer.handle.certificateLines),
      usesProxy: answer.response.usesProxy)
  }
}
