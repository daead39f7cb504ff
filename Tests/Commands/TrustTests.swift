import Foundation
import Testing

@Suite("Which server is trusted", .manyAtOnce)
struct TrustTests {
  let email = METIServer.email

  func login(_ place: Workplace, with extra: [String: String] = [:]) throws -> Outcome {
    try place.run(
      "login", "--email", email, "--password-stdin", input: .text(METIServer.password),
      with: extra)
  }

  @Test(arguments: [
    (METIServer.Identity.wrongHost, "host name '127.0.0.1'"), (.expired, "has expired"),
    (.unknown, "issuer certificate"),
  ])
  func `a server that is not METI is not given the password`(
    identity: METIServer.Identity, reason: String
  ) throws {
    let place = try Workplace(.unlocked, identity)
    let outcome = try login(place)
    #expect(outcome.status == .exit(75))
    #expect(outcome.out == "")
    // The rest of the line is libcurl's.
    #expect(outcome.err.hasPrefix("meti-token: error: cannot trust \(place.url): "))
    #expect(outcome.err.contains(reason))
    #expect(outcome.err.hasSuffix("meti-token: hint: find the cause with: meti-token doctor\n"))
    #expect(place.meti.requests == [])
    #expect(try place.items() == [])
  }

  @Test func `without METI_CA_FILE the test's authority is unknown`() throws {
    let place = try Workplace()
    let outcome = try login(
      place, with: ["METI_CA_FILE": try Certificates.shared.get().otherAuthority])
    #expect(outcome.status == .exit(75))
    #expect(outcome.err.hasPrefix("meti-token: error: cannot trust \(place.url): "))
    place.environment["METI_CA_FILE"] = nil
    #expect(try login(place).status == .exit(75))
    #expect(place.meti.requests == [])
  }

  @Test func `SSL_CERT_FILE is trusted as curl trusts it`() throws {
    let place = try Workplace()
    place.environment["SSL_CERT_FILE"] = place.environment.removeValue(forKey: "METI_CA_FILE")
    #expect(try login(place).status == .exit(0))
  }

  @Test func `a CA file that is not there is named`() throws {
    let place = try Workplace()
    #expect(
      try login(place, with: ["METI_CA_FILE": "/no/such/file"]).told
        == .failure(
          75, "cannot read CA certificates from /no/such/file",
          hint: "find the cause with: meti-token doctor"))
  }

  @Test func `a damaged certificate in the CA file is named`() throws {
    let place = try Workplace()
    let good = try String(contentsOfFile: Certificates.shared.get().authority, encoding: .utf8)
    let file = try place.desktop.directory.write(
      good + good.replacing("\nMII", with: "\n*II"), to: "ca.pem")
    #expect(
      try login(place, with: ["METI_CA_FILE": file]).told
        == .failure(
          75, "cannot read CA certificates from \(file)",
          hint: "find the cause with: meti-token doctor"))
  }

  @Test func `TLS session keys are not written for anybody`() throws {
    let place = try Workplace()
    let log = place.desktop.directory.path + "/keys"
    #expect(try login(place, with: ["SSLKEYLOGFILE": log]).status == .exit(0))
    #expect(!FileManager.default.fileExists(atPath: log))
  }

  @Test func `a METI that speaks TLS 1.1 alone is not given the password`() throws {
    let place = try Workplace.loggedIn()
    guard try place.speakOldTLS() else { return }
    let outcome = try place.run("-f")
    #expect(outcome.status == .exit(75))
    #expect(outcome.out == "")
    #expect(outcome.err.hasPrefix("meti-token: error: cannot reach \(place.url): TLS: "))
    #expect(place.meti.requests == [])
  }

  @Test func `credentials do not follow a redirect`() throws {
    let place = try Workplace()
    try place.logIn(isVerified: false)
    let other = try METIServer()
    place.meti.answerNext(.redirect(to: other.url + "/token"))
    #expect(try place.run().status == .exit(76))
    #expect(other.meti.requests == [])
  }
}

extension Workplace {
  /// METI speaks TLS 1.1 alone from now on, and the user's OPENSSL_CONF allows that.
  /// - Returns: false, with a line on stdout, if the OpenSSL of this machine does not.
  func speakOldTLS() throws -> Bool {
    environment["OPENSSL_CONF"] = try desktop.directory.write(
      """
      openssl_conf = settings
      [settings]
      ssl_conf = ssl
      [ssl]
      system_default = defaults
      [defaults]
      MinProtocol = TLSv1
      CipherString = DEFAULT@SECLEVEL=0

      """, to: "openssl.cnf")
    meti.speakOldTLS()
    let curl = try Program("curl").run(
      ["-sS", "--tlsv1.0", "--cacert", environment["METI_CA_FILE"] ?? "", url],
      environment: environment)
    meti.forgetRequests()
    if curl.status != .exit(0) { print("skipped:", curl.err) }
    return curl.status == .exit(0)
  }
}
