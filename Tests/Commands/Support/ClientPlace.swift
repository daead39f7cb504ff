/// An OAuth 2.0 client, whose token endpoint is on another server than its API.
final class ClientPlace {
  /// Where the client and its secret are.
  enum Keeping: String, CaseIterable, Sendable {
    case keyring, environment
  }

  static let id = METIServer.clientID
  static let secret = METIServer.clientSecret
  static let audience = "https://api.meti.millpont.com"

  let keeping: Keeping
  /// The API.
  let place: Workplace
  /// The token endpoint.
  let issuer: METIServer

  /// With no token yet.
  init(_ keeping: Keeping, secret: String = ClientPlace.secret) throws {
    self.keeping = keeping
    place = try Workplace(keeping == .keyring ? .unlocked : .noBus)
    issuer = try METIServer()
    if keeping == .environment {
      place.environment.merge(variables) { $1 }
      place.environment["METI_CLIENT_SECRET"] = secret
    } else {
      let login = try logIn("--no-verify", secret: secret)
      guard login.status == .exit(0) else { throw Missed(what: "a login", seen: login.err) }
    }
  }

  var tokenURL: String { issuer.url + "/oauth/token" }

  /// The client in the environment, but for its secret.
  var variables: [String: String] {
    [
      "METI_CLIENT_ID": Self.id, "METI_TOKEN_URL": tokenURL, "METI_AUDIENCE": Self.audience,
    ]
  }

  /// The command that stores the client, as hints name it.
  var loginLine: String {
    "meti-token login --client-id \(Self.id) --token-url \(tokenURL) --audience \(Self.audience)"
  }

  func logIn(_ extra: String..., secret: String = ClientPlace.secret) throws -> Outcome {
    let words = loginLine.split(separator: " ").dropFirst().map(String.init)
    return try place.run(words + ["--client-secret-stdin"] + extra, input: .text(secret + "\n"))
  }

  /// A call that gets a token, which the API takes from then on.
  func token() throws -> String {
    let outcome = try place.run()
    guard outcome.status == .exit(0) else { throw Missed(what: "a token", seen: outcome.err) }
    place.meti.admit(outcome.value)
    return outcome.value
  }

  /// Requests for a token so far.
  var posts: Int { issuer.meti.tokenPosts }
  var lastToken: String { issuer.meti.lastToken ?? "" }
}
