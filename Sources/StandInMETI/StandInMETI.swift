import NIOConcurrencyHelpers
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL

/// A METI on loopback: issues tokens, asks for them, counts, and misbehaves when told to.
///
/// Everything may be called from any thread, while requests are being answered.
public final class StandInMETI: Sendable {
  public struct Configuration: Sendable {
    /// Passwords by e-mail address, for `POST /token`.
    public var accounts: [String: String] = [:]
    /// Secrets by client id, for `POST /oauth/token`.
    public var clients: [String: String] = [:]
    /// nil for plain http.
    public var certificate: Certificate?
    /// 0 for any free port.
    public var port = 0
    /// Seconds a token lives.
    public var lifetime = 3600

    public init() {}
  }

  /// PEM files: a certificate, followed by those that vouch for it, and its key.
  public struct Certificate: Sendable {
    public var chain: String
    public var key: String

    public init(chain: String, key: String) {
      self.chain = chain
      self.key = key
    }
  }

  /// What the connections share.
  final class Core: Sendable {
    /// pthread's lock beneath: ThreadSanitizer cannot see into the standard library's Mutex.
    let books: NIOLockedValueBox<Books>

    init(_ books: Books) {
      self.books = NIOLockedValueBox(books)
    }
  }

  private let core: Core
  private let group: MultiThreadedEventLoopGroup
  private let tls: NIOSSLContext?
  /// nil while nobody listens.
  private let listener: NIOLockedValueBox<(any Channel)?>
  private let isShutDown = NIOLockedValueBox(false)

  public let port: Int
  /// `https://127.0.0.1:PORT`, or `http://…`; no slash at the end.
  public let url: String

  /// Starts to serve on 127.0.0.1.
  ///
  /// Throws where a file cannot be used or the port is taken.
  public init(_ configuration: Configuration) throws {
    let core = Core(
      Books(
        accounts: configuration.accounts, clients: configuration.clients,
        lifetime: configuration.lifetime))
    let tls = try configuration.certificate.map(StandInMETI.tlsContext)
    let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    let channel: any Channel
    do {
      channel = try StandInMETI.listen(configuration.port, group, tls, core)
    } catch {
      try? group.syncShutdownGracefully()
      throw error
    }
    self.core = core
    self.group = group
    self.tls = tls
    self.port = channel.localAddress?.port ?? 0
    self.listener = NIOLockedValueBox(channel)
    self.url = "\(tls == nil ? "http" : "https")://127.0.0.1:\(port)"
  }

  deinit {
    shutdown()
  }

  /// Closes all connections and the port. Later calls do nothing.
  public func shutdown() {
    let isFirst = isShutDown.withLockedValue { isShutDown in
      defer { isShutDown = true }
      return !isShutDown
    }
    if isFirst {
      try? group.syncShutdownGracefully()
    }
  }

  private static func listen(
    _ port: Int, _ group: MultiThreadedEventLoopGroup, _ tls: NIOSSLContext?, _ core: Core
  ) throws -> any Channel {
    try ServerBootstrap(group: group)
      .serverChannelOption(.backlog, value: 4096)
      .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
      .childChannelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          let pipeline = channel.pipeline.syncOperations
          if let tls {
            try pipeline.addHandler(NIOSSLServerHandler(context: tls))
          }
          try pipeline.addHandler(ByteToMessageHandler(HTTPRequestDecoder()))
          try pipeline.addHandler(Connection(core))
        }
      }
      .bind(host: "127.0.0.1", port: port)
      .wait()
  }

  private static func tlsContext(_ certificate: Certificate) throws -> NIOSSLContext {
    let chain = try NIOSSLCertificate.fromPEMFile(certificate.chain)
    let key = try NIOSSLPrivateKey(file: certificate.key, format: .pem)
    return try NIOSSLContext(
      configuration: .makeServerConfiguration(
        certificateChain: chain.map { .certificate($0) }, privateKey: .privateKey(key)))
  }
}

// MARK: What it does

extension StandInMETI {
  /// Seconds that tokens live which are issued from now on.
  public var lifetime: Int {
    get { core.books.withLockedValue { $0.lifetime } }
    set { core.books.withLockedValue { $0.lifetime = newValue } }
  }

  /// How tokens issued from now on are spelled.
  public var style: AnswerStyle {
    get { core.books.withLockedValue { $0.style } }
    set { core.books.withLockedValue { $0.style = newValue } }
  }

  /// Seconds by which the `Date` field and the tokens' `iat` and `exp` are ahead of the clock.
  public var clockOffset: Double {
    get { core.books.withLockedValue { $0.clockOffset } }
    set { core.books.withLockedValue { $0.clockOffset = newValue } }
  }

  /// The answer of the token endpoints where no answer is queued.
  public var defaultAnswer: Answer {
    get { core.books.withLockedValue { $0.defaultAnswer } }
    set { core.books.withLockedValue { $0.defaultAnswer = newValue } }
  }

  /// Queues answers, each for one request to a token endpoint.
  public func answerNext(_ answers: Answer...) {
    core.books.withLockedValue { $0.nextAnswers += answers }
  }

  /// Trouble at random, in place of the default answer; nil for none.
  public var misbehaviour: Misbehaviour? {
    get { core.books.withLockedValue { $0.misbehaviour } }
    set { core.books.withLockedValue { $0.misbehaviour = newValue } }
  }

  /// Closes the port: connections are refused. Those that are open stay so.
  public func stopListening() throws {
    try listener.withLockedValue { listener in
      try listener?.close().wait()
      listener = nil
    }
  }

  /// Opens the same port again.
  ///
  /// Throws where somebody else has taken it meanwhile.
  public func startListening() throws {
    try listener.withLockedValue { listener in
      guard listener == nil else { return }
      listener = try StandInMETI.listen(port, group, tls, core)
    }
  }

  /// Adds an account, or gives it another password; nil removes it.
  public func setPassword(_ password: String?, for email: String) {
    core.books.withLockedValue { $0.accounts[email] = password }
  }

  /// Adds a client, or gives it another secret; nil removes it.
  public func setSecret(_ secret: String?, for client: String) {
    core.books.withLockedValue { $0.clients[client] = secret }
  }

  /// A live token that nobody asked for.
  public func issueToken(for email: String) -> String {
    core.books.withLockedValue { $0.issueToken(subject: email) }
  }

  /// Takes a token of another server's, as an API does whose token endpoint is elsewhere.
  public func admit(_ token: String) {
    core.books.withLockedValue { $0.admit(token) }
  }

  /// Makes one token dead before its time.
  public func revoke(_ token: String) {
    core.books.withLockedValue { $0.revoke(token) }
  }

  /// Makes every token issued so far dead.
  public func revokeAll() {
    core.books.withLockedValue { $0.revokeAll() }
  }
}

// MARK: What it saw

extension StandInMETI {
  /// The number of POSTs to the token endpoints.
  public var tokenPosts: Int {
    core.books.withLockedValue { $0.tokenPosts }
  }

  /// The most POSTs to the token endpoints that were waiting for an answer at one time.
  public var peakTokenPosts: Int {
    core.books.withLockedValue { $0.peakTokenPosts }
  }

  /// Every whole request, in the order they arrived.
  public var requests: [ReceivedRequest] {
    core.books.withLockedValue { $0.requests }
  }

  /// Every request for a token since the start, in the order they arrived.
  public var journal: [TokenPost] {
    core.books.withLockedValue { $0.journal }
  }

  /// The number of requests to `/sources`.
  public var sourcesRequests: Int {
    requests.count { $0.path == "/sources" || $0.path == "/sources/" }
  }

  /// The token issued last.
  public var lastToken: String? {
    core.books.withLockedValue { $0.lastToken }
  }

  /// Whether `GET /sources` would accept this token now.
  public func isLive(_ token: String) -> Bool {
    core.books.withLockedValue { $0.admits("Bearer \(token)") }
  }

  /// Starts all counting anew.
  public func forgetRequests() {
    core.books.withLockedValue { $0.forgetRequests() }
  }
}
