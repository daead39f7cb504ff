import CLibcurl
import MetiToken

/// What is seen of a server by asking it for nothing in particular, without credentials.
public struct EndpointProbe: Equatable, Sendable {
  /// The HTTP status, whatever it is.
  public let status: Int
  /// From the start of the request to the end of the answer.
  public let milliseconds: Int64
  /// How far the server's clock is ahead of this one, in milliseconds, taken in the middle of the
  /// request; its Date header has whole seconds (RFC 9110, 6.6.1). `nil` where it sent none.
  public let clockLead: Int64?
  /// The server's certificate; `nil` over plain http, and where libcurl cannot tell.
  public let certificate: Certificate?
  /// Whether an http proxy was asked to connect (RFC 9110, 9.3.6).
  public let wentThroughProxy: Bool

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
        return String(line.dropFirst(name.count + 1))
      }
      guard let subject = value("Subject"), let issuer = value("Issuer"),
        let expiry = value("Expire date")
      else { return nil }
      self.subject = Self.commonName(subject)
      self.issuer = Self.commonName(issuer)
      self.expiry = expiry
    }

    /// The common name in a distinguished name, `C = DE, CN = name`, however it is spaced; all of it
    /// where there is none.
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
  /// Asks for the headers of `url`, which lies on `server`, alone, with the same checks and limits
  /// as a request for a token.
  ///
  /// - Throws: ``MetiToken/IssuerError``, `unavailable`, `outOfTime` or `unusable`, where no
  ///   answer comes.
  public func probe(
    _ url: String, on server: APIURL, until deadline: Deadline
  ) throws(IssuerError) -> EndpointProbe {
    let curl = try CurlLibrary.shared.get()
    let start = clock.now()
    let time = deadline.remaining(at: start)
    guard time > 0 else {
      throw .outOfTime(reason: "there is no time left to ask \(server.origin)")
    }
    onDetail("HEAD \(url) with \(curl.version)")
    var handle = try CurlHandle(curl)
    // An origin without a path is asked for "/".
    try prepare(
      &handle, for: url, of: server, milliseconds: time, connectLimit: time)
    try? handle.set(CURLOPT_CERTINFO, 1)
    let answer = HTTPResponse()
    let code = handle.head(into: answer)
    let status = handle.number(CURLINFO_RESPONSE_CODE)
    let took = clock.now().boot - start.boot
    onDetail("\(status == 0 ? "no answer" : "HTTP \(status)") after \(took) ms")
    guard status != 0, code == CURLE_OK || answer.excess != nil else {
      let failure = handle.failure(code, isGnuTLS: curl.isGnuTLS, hadFullConnect: false)
      onDetail(failure.detail)
      throw failure.error(
        server: server, mayUseProxy: mayUseProxy(for: server), caFile: caFile)
    }
    let date = answer.date.flatMap { curl.seconds(of: $0) }
    return EndpointProbe(
      status: status, milliseconds: took,
      // A Date of whole seconds is half a second behind on average.
      clockLead: date.map { $0 * 1000 + 500 - (start.wall + took / 2) },
      certificate: EndpointProbe.Certificate(handle.certificateLines),
      wentThroughProxy: handle.number(CURLINFO_HTTP_CONNECTCODE) != 0)
  }
}
