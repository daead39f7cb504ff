import HelperProtocols

/// A git request as the tests compare it: whole, with secrets by guess, as no secret can be read.
struct Asked: Equatable {
  var `protocol`: String?
  var host: String?
  var path: String?
  var username: String?
  var authtype: String?
  var password: String?
  var credential: String?
  var hasAuthtypeCapability = false
}

extension Asked {
  /// Parses `bytes`; a secret that is none of `secrets` reads `another`.
  init(
    _ bytes: [UInt8], secrets: [String] = []
  ) throws(GitCredentialRequest.Malformed) {
    let request = try GitCredentialRequest(bytes.span)
    `protocol` = request.protocol.map { String(decoding: $0, as: UTF8.self) }
    host = request.host.map { String(decoding: $0, as: UTF8.self) }
    path = request.path.map { String(decoding: $0, as: UTF8.self) }
    username = request.username.map { String(decoding: $0, as: UTF8.self) }
    authtype = request.authtype.map { String(decoding: $0, as: UTF8.self) }
    password = Self.guess(request.password, from: secrets)
    credential = Self.guess(request.credential, from: secrets)
    hasAuthtypeCapability = request.hasAuthtypeCapability
  }

  init(_ text: String, secrets: [String] = []) throws(GitCredentialRequest.Malformed) {
    try self.init(Array(text.utf8), secrets: secrets)
  }

  private static func guess(
    _ secret: borrowing CallerSecret?, from guesses: [String]
  ) -> String? {
    switch secret {
    case .some(let secret): guesses.first { secret.equals($0.utf8.span) } ?? "another"
    case nil: nil
    }
  }
}
