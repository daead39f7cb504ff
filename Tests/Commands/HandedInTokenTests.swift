import Foundation
import Testing

@Suite("METI_TOKEN", .manyAtOnce) struct HandedInTokenTests {
  let place: Workplace
  let token: String
  /// As in a container: no keyring, nothing in the kernel.
  let container: [String: String]

  /// A JWT whose `exp` is 1970-01-01.
  static let expired =
    "e30." + Data(#"{"exp":1}"#.utf8).base64EncodedString().replacing("=", with: "") + ".x"

  private static let warning =
    "meti-token: warning: the token in METI_TOKEN has expired, or expires too soon\n"

  init() throws {
    place = try Workplace.loggedIn()
    token = try place.run().value
    place.dropKernelKeys()
    container = ["METI_TOKEN": token, "DBUS_SESSION_BUS_ADDRESS": "/dev/null"]
  }

  @Test func `is used as it is, without a keyring and without METI`() throws {
    #expect(try place.run(with: container).told == .answer(token))
    #expect(try place.run("--header", with: container).value == "Authorization: Bearer \(token)")
    #expect(
      try place.run(["exec", "--", "printenv", "METI_TOKEN"], with: container).value == token)
    #expect(place.meti.requests.isEmpty && place.kernelKeys.isEmpty)
  }

  @Test func `has its expiry in JSON`() throws {
    let json = try place.run("--json", with: container).out
    let object = try #require(
      try JSONSerialization.jsonObject(with: Data(json.utf8)) as? [String: Any])
    #expect(object["token"] as? String == token)
    #expect(object["account"] as? String == "METI_TOKEN")
    #expect((3500...3600).contains(object["expires_in"] as? Int ?? 0))
  }

  @Test func `is given to git, Bazel and curl`() throws {
    let host = place.url.dropFirst("https://".count)
    let git = try place.run(
      "get", input: .text("protocol=https\nhost=\(host)\n\n"), with: container)
    #expect(git.out.contains("\npassword=\(token)\n"))
    let bazel = try place.run("get", input: .text(#"{"uri":"\#(place.url)/"}"#), with: container)
    #expect(bazel.out.contains("Bearer \(token)"))
    #expect(try place.run(["curl", "-sS", "/sources"], with: container).status == .exit(0))
    #expect(place.meti.requests.last?.authorization == "Bearer \(token)")
  }

  @Test func `that METI rejects is reported as that`() throws {
    place.meti.revokeAll()
    let outcome = try place.run(["curl", "-sS", "/sources"], with: container)
    #expect(
      outcome.err == "meti-token: warning: METI answered 401 to the token in METI_TOKEN\n")
  }

  @Test func `is shown by status and doctor`() throws {
    let status = try place.run("status", with: container)
    #expect(status.out.hasPrefix("METI_TOKEN\n"))
    #expect(status.out.contains("  password: none\n  token:    valid for "))
    #expect(status.out.contains(", in the environment\n"))
    let doctor = try place.run("doctor", with: container)
    #expect(doctor.status == .exit(0))
    #expect(doctor.out.contains("METI_TOKEN has a token, valid for "))
  }

  @Test func `gives way to an account that is named, and to a request for a new token`() throws {
    let other = ["METI_TOKEN": "other"]
    #expect(try place.run("-a", METIServer.email, with: other).value == token)
    #expect(
      try place.run(with: other.merging(["METI_ACCOUNT": METIServer.email]) { $1 }).value == token)
    #expect(try place.run("-f", with: other).value == place.lastToken)
    #expect(place.meti.tokenPosts == 1)
  }

  @Test func `that is no JWT is used as it is`() throws {
    #expect(try place.run(with: ["METI_TOKEN": "opaque"]).told == .answer("opaque"))
  }

  @Test func `that has expired gives way to the account`() throws {
    #expect(try place.run(with: ["METI_TOKEN": Self.expired]).told == .answer(token))
    place.dropKernelKeys()
    var variables = container
    variables["METI_TOKEN"] = Self.expired
    let outcome = try place.run(with: variables)
    #expect(outcome.status == .exit(69) && outcome.out == "")
    #expect(outcome.err.hasPrefix(Self.warning))
  }

  @Test func `that is not valid for long enough gives way to the account`() throws {
    let claims = #"{"exp":\(Int(Date().timeIntervalSince1970) + 300)}"#
    let short =
      "e30." + Data(claims.utf8).base64EncodedString().replacing("=", with: "") + ".x"
    var variables = ["METI_TOKEN": short]
    #expect(try place.run("--min-validity", "4m", with: variables).told == .answer(short))
    #expect(try place.run("--min-validity", "30m", with: variables).told == .answer(token))
    place.dropKernelKeys()
    variables["DBUS_SESSION_BUS_ADDRESS"] = "/dev/null"
    let outcome = try place.run("--min-validity", "30m", with: variables)
    #expect(outcome.status == .exit(69) && outcome.out == "")
    #expect(outcome.err.hasPrefix(Self.warning))
  }

  @Test(arguments: ["two words", "line\nbreak", "é"])
  func `that is no legal token is an error`(_ text: String) throws {
    let outcome = try place.run(with: ["METI_TOKEN": text])
    #expect(outcome.told == .failure(65, "METI_TOKEN contains no legal token"))
  }
}
