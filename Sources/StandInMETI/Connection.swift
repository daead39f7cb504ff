import FoundationEssentials
import NIOConcurrencyHelpers
import NIOCore
import NIOHTTP1

/// One connection to the stand-in: reads one request, answers it, and closes.
final class Connection: ChannelInboundHandler {
  typealias InboundIn = HTTPServerRequestPart
  typealias OutboundOut = ByteBuffer

  private let server: StandInMETI.Core
  private var head: HTTPRequestHead?
  private var body: [UInt8] = []
  private var bodyBytes = 0
  private var isRequestRead = false
  /// The place in the journal of the request for a token that is under way.
  private var tokenPost: Int?

  /// Of a longer body only the length is of interest.
  private static let keptBytes = 64 * 1024

  init(_ server: StandInMETI.Core) {
    self.server = server
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    switch unwrapInboundIn(data) {
    case .head(let head):
      self.head = head
      body = []
      bodyBytes = 0
      if head.headers.first(name: "expect")?.lowercased() == "100-continue" {
        write("HTTP/1.1 100 Continue\r\n\r\n", context)
      }
    case .body(let part):
      bodyBytes += part.readableBytes
      if bodyBytes <= Connection.keptBytes {
        body.append(contentsOf: part.readableBytesView)
      }
    case .end:
      // The connection ends with its first answer.
      guard let head, !isRequestRead else { return }
      isRequestRead = true
      respond(to: head, context)
    }
  }

  func channelInactive(context: ChannelHandlerContext) {
    endTokenPost()
    context.fireChannelInactive()
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    if error is HTTPParserError {
      send(Response(400, json: #"{"error":"not an HTTP request"}"#), context)
    } else {
      context.close(promise: nil)
    }
  }

  // MARK: Routes

  private func respond(to head: HTTPRequestHead, _ context: ChannelHandlerContext) {
    let request = ReceivedRequest(
      method: head.method.rawValue,
      target: head.uri,
      authorization: head.headers.first(name: "authorization"),
      fields: head.headers.map { .init(name: $0.name.lowercased(), value: $0.value) },
      bodyBytes: bodyBytes)
    server.books.withLockedValue { $0.record(request) }

    switch (request.method, request.path) {
    case ("POST", "/token"), ("POST", "/oauth/token"):
      let answer = server.books.withLockedValue { books in
        let post = books.beginTokenPost(body)
        tokenPost = post
        return books.journal[post].answer
      }
      play(answer, for: request, context)
    case ("GET", "/sources"), ("GET", "/sources/"), ("POST", "/sources"), ("POST", "/sources/"):
      send(sources(request), context)
    case ("GET", GitRepository.path):
      let token = GitRepository.token(request.authorization)
      let isAdmitted = server.books.withLockedValue { $0.admits(token.map { "Bearer \($0)" }) }
      send(GitRepository.answer(isAdmitted: isAdmitted), context)
    case (_, "/redirect"):
      send(redirect(request), context)
    case (_, "/token"), (_, "/oauth/token"), (_, "/sources"), (_, "/sources/"):
      send(Response(405, json: #"{"error":"method not allowed"}"#), context)
    default:
      send(Response(404, json: #"{"error":"not found"}"#), context)
    }
  }

  private func sources(_ request: ReceivedRequest) -> Response {
    guard server.books.withLockedValue({ $0.admits(request.authorization) }) else {
      return Response(
        401, fields: [("WWW-Authenticate", "Bearer")],
        json: #"{"error":"token missing, invalid or expired"}"#)
    }
    if request.method == "POST" {
      return Response(200, encoding: ["bytes": request.bodyBytes])
    }
    return Response(
      200,
      json: """
        {"type":"FeatureCollection","features":[{"type":"Feature","id":"src_1",\
        "properties":{"name":"North field"},\
        "geometry":{"type":"Point","coordinates":[13.4,52.5]}}]}
        """)
  }

  private func redirect(_ request: ReceivedRequest) -> Response {
    let query = URLComponents(string: request.target)?.queryItems ?? []
    guard let to = query.first(where: { $0.name == "to" })?.value else {
      return Response(400, json: #"{"error":"missing parameter: to"}"#)
    }
    return Response(302, fields: [("Location", to)], json: "{}")
  }

  // MARK: Scripted answers

  private func play(
    _ answer: Answer, for request: ReceivedRequest, _ context: ChannelHandlerContext
  ) {
    switch answer {
    case .issue:
      send(issue(request), context)
    case .status(let status, let headers, let body):
      send(Response(status, fields: headers, json: body), context)
    case .body(let json):
      send(Response(200, json: json), context)
    case .raw(let bytes):
      send(ByteBuffer(bytes: bytes), context)
    case .redirect(let url):
      send(Response(307, fields: [("Location", url)], json: "{}"), context)
    case .oversized(let bytes):
      send(oversized(bytes, request), context)
    case .truncated:
      var response = issue(request)
      response.announcedLength = response.body.count + 1024
      send(response, context)
    case .close:
      endTokenPost()
      context.close(promise: nil)
    case .silence:
      break
    case .delay(let seconds, let then):
      let connection = NIOLoopBound(self, eventLoop: context.eventLoop)
      let context = NIOLoopBound(context, eventLoop: context.eventLoop)
      context.eventLoop.scheduleTask(in: .milliseconds(Int64(seconds * 1000))) {
        connection.value.play(then, for: request, context.value)
      }
    }
  }

  private func issue(_ request: ReceivedRequest) -> Response {
    let type = request.field("content-type")
    return server.books.withLockedValue { books in
      let response =
        request.path == "/token"
        ? books.answerPassword(body, contentType: type)
        : books.answerClient(body, contentType: type)
      if response.status == 200, let tokenPost { books.noteLastToken(for: tokenPost) }
      return response
    }
  }

  private func oversized(_ bytes: Int, _ request: ReceivedRequest) -> Response {
    var response = issue(request)
    // White space before the closing brace keeps the JSON, and the token in it, valid.
    let padding = max(0, bytes - response.body.count)
    response.body.insert(
      contentsOf: repeatElement(UInt8(ascii: " "), count: padding), at: response.body.count - 1)
    return response
  }

  // MARK: Writing

  private func send(_ response: Response, _ context: ChannelHandlerContext) {
    send(response.bytes(date: server.books.withLockedValue { $0.now }), context)
  }

  private func send(_ bytes: ByteBuffer, _ context: ChannelHandlerContext) {
    endTokenPost()
    let channel = context.channel
    context.writeAndFlush(wrapOutboundOut(bytes)).whenComplete { _ in
      channel.close(promise: nil)
    }
  }

  private func write(_ text: String, _ context: ChannelHandlerContext) {
    context.writeAndFlush(wrapOutboundOut(ByteBuffer(string: text)), promise: nil)
  }

  private func endTokenPost() {
    if let post = tokenPost.take() {
      server.books.withLockedValue { $0.endTokenPost(post) }
    }
  }
}
