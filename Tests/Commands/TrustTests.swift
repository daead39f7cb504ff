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
    (METIServer.Identity.wrongHost, "its certificate is for another host name"),
    (.expired, "its certificate has expired"),
    (.unknown, "its certificate is from an issuer that is not trusted here"),
  ])
  func `a server that is not METI is not given the password`(
    identity: METIServer.Identity, reason: String
  ) throws {
    let place = try Workplace(.unlocked, identity)
    let outcome = try login(place)
    #expect(
      outcome.told
        == .failure(
          75, "cannot trust \(place.url): \(reason)",
          hint: "find the cause with: meti-token doctor"))
    #expect(place.meti.requests == [])
    #expect(try place.items() == [])
  }

  @Test func `without METI_CA_FILE the test's authority is unknown`() throws {
    let place = try Workplace()
    let outcome = try login(
      place, with: ["METI_CA_FILE": try Certificates.shared.get().otherAuthority])
    #expect(outcome.status == .exit(75))
    #expect(outcome.err.contains("its certificate is from an issuer that is not trusted here"))
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

  @Test func `TLS session keys are not written for anybody`() throws {
    let place = try Workplace()
    let log = place.desktop.directory.path + "/keys"
    #expect(try login(place, with: ["SSLKEYLOGFILE": log]).status == .exit(0))
    #expect(!FileManager.default.fileExists(atPath: log))
  }
}
