import FoundationEssentials

/// What the stand-in knows and has seen: accounts, live tokens, and every request.
struct Books {
  var accounts: [String: String]
  var clients: [String: String]
  var lifetime: Int
  var style = AnswerStyle.documented
  /// Seconds by which the server's calendar is ahead of the real one.
  var clockOffset: Double = 0

  var nextAnswers: [Answer] = []
  var defaultAnswer = Answer.issue
  /// Decides in place of the default answer.
  var misbehaviour: Misbehaviour?

  private(set) var requests: [ReceivedRequest] = []
  private(set) var tokenPosts = 0
  private(set) var tokenPostsUnderWay = 0
  private(set) var peakTokenPosts = 0
  private(set) var lastToken: String?
  /// Every request for a token, also those that are forgotten.
  private(set) var journal: [TokenPost] = []
  private var issued = 0
  private var live: [String: ContinuousClock.Instant] = [:]

  init(accounts: [String: String], clients: [String: String], lifetime: Int) {
    self.accounts = accounts
    self.clients = clients
    self.lifetime = lifetime
  }

  var now: Date { Date().addingTimeInterval(clockOffset) }

  mutating func record(_ request: ReceivedRequest) {
    requests.append(request)
  }

  mutating func forgetRequests() {
    requests = []
    tokenPosts = 0
    peakTokenPosts = tokenPostsUnderWay
  }

  /// Notes the start of a request for a token.
  /// - Returns: its place in the journal, which says how it is to be answered.
  mutating func beginTokenPost(_ body: [UInt8]) -> Int {
    tokenPosts += 1
    tokenPostsUnderWay += 1
    peakTokenPosts = max(peakTokenPosts, tokenPostsUnderWay)
    let answer =
      if !nextAnswers.isEmpty { nextAnswers.removeFirst() } else {
        misbehaviour?.next() ?? defaultAnswer
      }
    let asker = try? JSONDecoder().decode(Asker.self, from: Data(body))
    journal.append(
      TokenPost(received: TokenPost.now(), account: asker?.email ?? asker?.client, answer: answer))
    return journal.count - 1
  }

  mutating func endTokenPost(_ post: Int) {
    tokenPostsUnderWay -= 1
    journal[post].ended = TokenPost.now()
  }

  /// Notes that a request was answered with the token issued last.
  mutating func noteLastToken(for post: Int) {
    journal[post].token = lastToken
    journal[post].lifetime = lifetime
  }

  mutating func admit(_ token: String) {
    live[token] = ContinuousClock.now + .seconds(lifetime)
  }

  mutating func revoke(_ token: String) {
    live[token] = nil
  }

  mutating func revokeAll() {
    live = [:]
  }

  /// Whether the value of an Authorization field carries a live token.
  func admits(_ authorization: String?) -> Bool {
    guard let authorization, authorization.lowercased().hasPrefix("bearer "),
      let end = live[String(authorization.dropFirst("bearer ".count))]
    else { return false }
    return ContinuousClock.now < end
  }

  // MARK: The endpoints

  private struct Asker: Decodable {
    var email: String?
    var client: String?

    enum CodingKeys: String, CodingKey {
      case email
      case client = "client_id"
    }
  }

  private struct PasswordGrant: Decodable {
    var email: String?
    var password: String?
  }

  /// Answers `POST /token`.
  mutating func answerPassword(_ body: [UInt8], contentType: String?) -> Response {
    guard Books.isJSON(contentType) else {
      return Response(400, json: #"{"error":"the content type must be application/json"}"#)
    }
    guard let grant = try? JSONDecoder().decode(PasswordGrant.self, from: Data(body)) else {
      return Response(400, json: #"{"error":"the body is not the JSON object expected"}"#)
    }
    guard let email = grant.email, let password = grant.password else {
      return Response(400, json: #"{"error":"missing field: email and password are required"}"#)
    }
    guard accounts[email] == password else {
      return Response(401, json: #"{"error":"invalid e-mail or password"}"#)
    }
    return tokenResponse(name: "token", subject: email, scope: nil)
  }

  private struct ClientGrant: Decodable {
    var type: String?
    var id: String?
    var secret: String?
    var audience: String?
    var scope: String?

    enum CodingKeys: String, CodingKey {
      case type = "grant_type"
      case id = "client_id"
      case secret = "client_secret"
      case audience, scope
    }
  }

  /// Answers `POST /oauth/token`, with the errors of RFC 6749, section 5.2.
  mutating func answerClient(_ body: [UInt8], contentType: String?) -> Response {
    func refusal(_ status: Int, _ error: String, _ description: String) -> Response {
      Response(status, encoding: ["error": error, "error_description": description])
    }
    guard Books.isJSON(contentType),
      let grant = try? JSONDecoder().decode(ClientGrant.self, from: Data(body))
    else {
      return refusal(400, "invalid_request", "A JSON object is required")
    }
    guard let type = grant.type, let id = grant.id, let secret = grant.secret
    else {
      return refusal(400, "invalid_request", "Missing required parameter")
    }
    guard type == "client_credentials" else {
      return refusal(400, "unsupported_grant_type", "Unsupported grant type: \(type)")
    }
    guard clients[id] == secret else {
      return refusal(401, "access_denied", "Unauthorized")
    }
    guard let audience = grant.audience, !audience.isEmpty else {
      return refusal(403, "access_denied", "Non-global clients are not allowed access to APIv1")
    }
    return tokenResponse(name: "access_token", subject: id, scope: grant.scope ?? "read:sources")
  }

  private static func isJSON(_ contentType: String?) -> Bool {
    contentType?.lowercased().hasPrefix("application/json") ?? false
  }

  // MARK: Tokens

  private struct Claims: Encodable {
    var sub: String
    var iat: Int
    var exp: Int
    var jti: Int
    var owner: Owner?

    enum CodingKeys: String, CodingKey {
      case sub, iat, exp, jti
    }

    func encode(to encoder: any Encoder) throws {
      var container = encoder.container(keyedBy: CodingKeys.self)
      try container.encode(sub, forKey: .sub)
      try container.encode(iat, forKey: .iat)
      try container.encode(exp, forKey: .exp)
      try container.encode(jti, forKey: .jti)
      try owner?.encode(to: encoder)
    }
  }

  /// What METI's second generation says of a client, under names of its own.
  private struct Owner: Encodable {
    var accountID = "acc_stand_in"
    var role = "custodian"
    var clientName = "Stand-in client"

    enum CodingKeys: String, CodingKey {
      case accountID = "https://api.meti.millpont.com/account_id"
      case role = "https://api.meti.millpont.com/role"
      case clientName = "https://api.meti.millpont.com/client_name"
    }
  }

  private struct Issued: Encodable {
    var token: String?
    var accessToken: String?
    var tokenType: String?
    var expiresIn: Lifetime?
    var scope: String?

    enum CodingKeys: String, CodingKey {
      case token, scope
      case accessToken = "access_token"
      case tokenType = "token_type"
      case expiresIn = "expires_in"
    }
  }

  private enum Lifetime: Encodable {
    case number(Int)
    case text(String)

    func encode(to encoder: any Encoder) throws {
      var container = encoder.singleValueContainer()
      switch self {
      case .number(let number): try container.encode(number)
      case .text(let text): try container.encode(text)
      }
    }
  }

  /// A new live token, in the shape of a signed JWT.
  mutating func issueToken(subject: String) -> String {
    issued += 1
    let start = Int(now.timeIntervalSince1970)
    let owner = clients[subject].map { _ in Owner() }
    let claims = Claims(
      sub: subject, iat: start, exp: start + lifetime, jti: issued, owner: owner)
    let payload = (try? JSONEncoder().encode(claims)) ?? Data()
    let signature = (0..<32).map { _ in UInt8.random(in: .min ... .max) }
    let token = [Data(#"{"alg":"HS256","typ":"JWT"}"#.utf8), payload, Data(signature)]
      .map(Books.base64URL).joined(separator: ".")
    live[token] = ContinuousClock.now + .seconds(lifetime)
    lastToken = token
    return token
  }

  private mutating func tokenResponse(name: String, subject: String, scope: String?) -> Response {
    let token = issueToken(subject: subject)
    var answer = Issued()
    let isOAuth = name == "access_token"
    if isOAuth || style == .loose {
      answer.accessToken = token
    } else {
      answer.token = token
    }
    if isOAuth {
      answer.tokenType = "Bearer"
      answer.scope = scope
    }
    switch style {
    case .documented: answer.expiresIn = .number(lifetime)
    case .loose: answer.expiresIn = .text(String(lifetime))
    case .withoutLifetime: answer.expiresIn = nil
    }
    return Response(200, encoding: answer)
  }

  private static func base64URL(_ data: Data) -> String {
    let text = data.base64EncodedString()
    return String(
      text.compactMap { character -> Character? in
        switch character {
        case "+": "-"
        case "/": "_"
        case "=": nil
        default: character
        }
      })
  }
}
