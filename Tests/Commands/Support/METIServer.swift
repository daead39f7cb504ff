import Glibc

/// A mock of METI on loopback with one account, which leaves no kernel key behind.
final class METIServer {
  /// What the server identifies itself with.
  enum Identity: String, Sendable {
    case server
    /// A certificate for another host.
    case wrongHost = "wrong-host"
    /// A certificate that is out of date.
    case expired
    /// A certificate of an authority that nobody trusts.
    case unknown
    /// None: plain http.
    case plain
  }

  static let email = "name@domain.com"
  static let password = "correct horse battery staple"
  static let clientID = "client-of-the-tests"
  static let clientSecret = "hunter2-hunter2-hunter2"

  let meti: MockMETI
  /// METI_API_URL, and METI_CA_FILE to trust it by.
  let environment: [String: String]

  init(_ identity: Identity = .server, lifetime: Int = 3600) throws {
    let certificates = try Certificates.shared.get()
    let files = "\(certificates.directory.path)/\(identity.rawValue)"
    meti = try MockMETI(
      certificate: identity == .plain ? nil : ("\(files).pem", "\(files).key"), lifetime: lifetime)
    meti.setPassword(METIServer.password, for: METIServer.email)
    meti.setSecret(METIServer.clientSecret, for: METIServer.clientID)
    // Whoever had this port before may have been killed, and have left a live token.
    KernelKeys.removeAll(containing: meti.url)
    environment = ["METI_API_URL": meti.url, "METI_CA_FILE": certificates.authority]
  }

  deinit {
    // As long as the port is ours, so are its keys.
    KernelKeys.removeAll(containing: meti.url)
  }

  var url: String { meti.url }
}

/// The certificates that all tests of one run share.
struct Certificates: Sendable {
  let directory: TemporaryDirectory

  /// The authority that the good ones are signed by.
  var authority: String { directory.path + "/ca.pem" }
  /// Another authority.
  var otherAuthority: String { directory.path + "/other-ca.pem" }

  static let shared: Result<Certificates, any Error> = Result {
    let directory = try TemporaryDirectory()
    let outcome = try Program(script: "scripts/test-certificates").run([directory.path])
    guard outcome.status == .exit(0) else {
      throw Missed(what: "test certificates", seen: outcome.err)
    }
    // A static value is never released.
    atexit { try? Certificates.shared.get().directory.remove() }
    return Certificates(directory: directory)
  }
}
