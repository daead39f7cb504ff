import Foundation
import Testing

/// Tests/Servers/mock-meti, a METI on loopback: issues tokens, asks for them, records every
/// request, and fails as it is told to.
///
/// Its process serves the next one of the same identity after the last reference to it, at another
/// port, and ends with this process. Not to be shared between threads.
final class MockMETI {
  /// `https://127.0.0.1:PORT`, or `http://…`; no slash at the end.
  let url: String
  private let identity: [String]
  private let mock: Child

  /// - Parameters:
  ///   - certificate: PEM files, a certificate and its key; nil for plain http.
  ///   - lifetime: seconds that a token is valid.
  init(certificate: (chain: String, key: String)?, lifetime: Int = 3600) throws {
    identity =
      certificate.map { ["--certificate", $0.chain, "--key", $0.key] } ?? ["--plain-http"]
    self.lifetime = lifetime
    if let idle = Self.idle.take(identity) {
      mock = idle
      mock.send("renew\n")
      url = try mock.line()
    } else {
      mock = try Program.mockMETI.start(identity, input: .open)
      let (word, url) = try mock.line().parted(at: " ")
      guard word == "ready" else { throw Missed(what: "ready", seen: word) }
      self.url = url
    }
    tell("lifetime \(lifetime)")
  }

  deinit { if isSound { Self.idle.give(mock, identity) } }

  /// Whether it has answered every command.
  private var isSound = true

  private static let idle = Idle()

  /// The processes that no test uses, by their arguments.
  private final class Idle: @unchecked Sendable {
    // `@unchecked`: a process belongs to the one who took it.
    private let lock = NSLock()
    private var mocks: [[String]: [Child]] = [:]

    func take(_ identity: [String]) -> Child? {
      lock.withLock { mocks[identity]?.popLast() }
    }

    func give(_ mock: Child, _ identity: [String]) {
      lock.withLock { mocks[identity, default: []].append(mock) }
    }
  }

  var port: Int { Int(url.split(separator: ":").last ?? "") ?? 0 }

  // MARK: What it does

  /// Seconds that tokens are valid which are issued from now on.
  var lifetime: Int { didSet { tell("lifetime \(lifetime)") } }

  /// How a token and its lifetime are written in an answer with a token.
  enum Style: String {
    /// As documented: `token`, and `expires_in` as a number. OAuth 2.0's answers have
    /// `access_token`.
    case documented
    /// As seen in the wild: `access_token`, and `expires_in` as a string.
    case loose
    /// A `token`, and no `expires_in`.
    case withoutLifetime = "without-lifetime"
  }

  /// How tokens issued from now on are written.
  var style = Style.documented { didSet { tell("style \(style.rawValue)") } }

  /// Seconds by which the `Date` field and the tokens' `iat` and `exp` are ahead of the clock.
  var clockOffset = 0.0 { didSet { tell("clock \(clockOffset)") } }

  /// The answer of the token endpoints where no answer is queued.
  var defaultAnswer = Answer.issue {
    didSet { tell("always", ["answer": defaultAnswer.fields]) }
  }

  /// Queues answers, each for one request to a token endpoint.
  func answerNext(_ answers: Answer...) {
    tell("next", ["answers": answers.map(\.fields)])
  }

  /// Random faults in a share of all requests for a token. The same seed gives the same faults.
  struct Faults {
    var seed: UInt64
    var percent: Int
  }

  /// Random faults in place of the default answer.
  var faults = Faults(seed: 0, percent: 0) {
    didSet { tell("faults \(faults.seed) \(faults.percent)") }
  }

  /// Sends the answers that are held, and holds none from now on.
  func release() {
    tell("release")
  }

  /// Gives every request this answer, whatever it is for, for so many seconds from now on.
  func beginOutage(_ answer: Answer, seconds: Double) {
    struct Outage: Encodable {
      let seconds: Double
      let answer: Answer.Fields
    }
    tell("outage", Outage(seconds: seconds, answer: answer.fields))
  }

  func endOutage() {
    tell("outage 0")
  }

  /// Speaks TLS 1.1 from now on, and no other version.
  func speakOldTLS() {
    tell("old-tls")
  }

  /// Closes the port: connections are refused. Those that are open stay so.
  func stopListening() {
    tell("deaf")
  }

  /// Opens the same port again; fails if somebody else has taken it meanwhile.
  func startListening() {
    tell("listen")
  }

  /// Adds an account, or gives it another password; nil removes it.
  func setPassword(_ password: String?, for email: String) {
    tell("password", ["name": email, "secret": password])
  }

  /// Adds a client, or gives it another secret; nil removes it.
  func setSecret(_ secret: String?, for client: String) {
    tell("secret", ["name": client, "secret": secret])
  }

  /// A live token that nobody asked for.
  func issueToken(for email: String) -> String {
    tell("issue", ["email": email])
  }

  /// Accepts a token of another server, as an API does whose token endpoint is elsewhere.
  func admit(_ token: String) {
    tell("admit \(token)")
  }

  /// Invalidates one token before its time.
  func revoke(_ token: String) {
    tell("revoke \(token)")
  }

  /// Invalidates every token issued so far.
  func revokeAll() {
    tell("revoke")
  }

  // MARK: What it saw

  /// The number of POSTs to the token endpoints.
  var tokenPosts: Int { Int(tell("posts")) ?? 0 }

  /// The most POSTs to the token endpoints that waited for an answer at the same time.
  var peakTokenPosts: Int { Int(tell("peak")) ?? 0 }

  /// Every whole request, in the order they arrived.
  var requests: [ReceivedRequest] { read("requests") }

  /// Every request for a token since the start, in the order they arrived.
  var journal: [TokenPost] { read("journal") }

  /// The number of requests to `/sources`.
  var sourcesRequests: Int { Int(tell("sources")) ?? 0 }

  /// The token issued last.
  var lastToken: String? {
    let token = tell("last-token")
    return token.isEmpty ? nil : token
  }

  /// Whether `GET /sources` would accept this token now.
  func isLive(_ token: String) -> Bool {
    tell("is-live", ["token": token]) == "yes"
  }

  /// Starts all counting again.
  func forgetRequests() {
    tell("forget")
  }

  // MARK: Commands

  /// Gives a command; its failure is the test's.
  @discardableResult
  private func tell(_ command: String, _ arguments: (any Encodable)? = nil) -> String {
    do {
      let json = try arguments.map { String(decoding: try JSONEncoder().encode($0), as: UTF8.self) }
      mock.send([command, json].compactMap(\.self).joined(separator: " ") + "\n")
      let answer = try mock.line()
      guard !answer.hasPrefix("error: ") else { throw Missed(what: command, seen: answer) }
      return answer
    } catch {
      isSound = false
      Issue.record(error)
      return ""
    }
  }

  private func read<Element: Decodable>(_ command: String) -> [Element] {
    do {
      return try JSONDecoder().decode([Element].self, from: Data(tell(command).utf8))
    } catch {
      Issue.record(error)
      return []
    }
  }
}

/// A request as the mock received it.
struct ReceivedRequest: Decodable, Equatable {
  let method: String
  /// The path and the query.
  let target: String
  /// The value of `Authorization`, or nil where the request had none.
  let authorization: String?
  /// The names, in lower case, and values of all header fields, in their order.
  let fields: [Field]
  let bodyBytes: Int

  struct Field: Decodable, Equatable {
    let name: String
    let value: String
  }

  enum CodingKeys: String, CodingKey {
    case method, target, authorization, fields
    case bodyBytes = "body_bytes"
  }

  /// The value of the first header field of this name, given in lower case.
  func field(_ name: String) -> String? {
    fields.first { $0.name == name }?.value
  }

  /// The target without its query.
  var path: String {
    String(target.prefix { $0 != "?" })
  }
}

/// A request for a token, and what became of it.
struct TokenPost: Decodable {
  /// Milliseconds on the clock that counts from the start of the machine (CLOCK_BOOTTIME).
  let received: Int64
  /// When the answer was sent or the connection closed; nil while neither is the case.
  let ended: Int64?
  /// The e-mail address or the client id; nil where the body has neither.
  let account: String?
  /// As Tests/Servers/mock-meti calls it.
  let answer: String
  /// What was issued, whether or not it reached the client.
  let token: String?
  /// Seconds that token is valid.
  let lifetime: Int?
}
