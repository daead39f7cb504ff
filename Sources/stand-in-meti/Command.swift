import StandInMETI

/// A line that a shell script gives to `stand-in-meti` while it runs.
enum Command {
  case posts, peak, sources, requests, journal, forget, quit, deaf, listen
  case lifetime(Int)
  case password(email: String, String)
  case next(Answer)
  case always(Answer)
  case revoke(String?)
  case misbehave(Misbehaviour)

  /// The answer to `quit`.
  static let farewell = "bye"

  init?(_ line: String) {
    let words = line.split(separator: " ").map(String.init)
    switch (words.first, words.count) {
    case ("posts", 1): self = .posts
    case ("peak", 1): self = .peak
    case ("sources", 1): self = .sources
    case ("requests", 1): self = .requests
    case ("journal", 1): self = .journal
    case ("deaf", 1): self = .deaf
    case ("listen", 1): self = .listen
    case ("misbehave", 3):
      guard let seed = UInt64(words[1]), let percent = Int(words[2]), (0...100).contains(percent)
      else { return nil }
      self = .misbehave(Misbehaviour(seed: seed, percent: percent))
    case ("forget", 1): self = .forget
    case ("quit", 1): self = .quit
    case ("lifetime", 2):
      guard let seconds = Int(words[1]), seconds > 0 else { return nil }
      self = .lifetime(seconds)
    case ("password", 3...):
      // A password may have spaces in it.
      let password = line.split(separator: " ", maxSplits: 2)[2]
      self = .password(email: words[1], String(password))
    case ("next", 2...):
      guard let answer = Command.answer(words.dropFirst(), in: line) else { return nil }
      self = .next(answer)
    case ("always", 2...):
      guard let answer = Command.answer(words.dropFirst(), in: line) else { return nil }
      self = .always(answer)
    case ("revoke", 1): self = .revoke(nil)
    case ("revoke", 2): self = .revoke(words[1])
    default: return nil
    }
  }

  private static func answer(_ words: ArraySlice<String>, in line: String) -> Answer? {
    let arguments = Array(words.dropFirst())
    switch (words.first, arguments.count) {
    case ("issue", 0): return .issue
    case ("truncated", 0): return .truncated
    case ("garbage", 0): return .raw(Array("220 mail.example ESMTP\r\n".utf8))
    case ("close", 0): return .close
    case ("silence", 0): return .silence
    case ("redirect", 1): return .redirect(to: arguments[0])
    case ("oversized", 1): return Int(arguments[0]).map { .oversized(bytes: $0) }
    case ("delay", 1): return Double(arguments[0]).map { .delay(seconds: $0, then: .issue) }
    case ("body", 1...): return .body(String(line.split(separator: " ", maxSplits: 2)[2]))
    case ("status", 1...2):
      guard let code = Int(arguments[0]), (100...999).contains(code) else { return nil }
      return .status(code, headers: arguments.dropFirst().map { ("Retry-After", $0) })
    default: return nil
    }
  }

  /// Does as told; returns the line that answers.
  func perform(on server: StandInMETI) -> String {
    switch self {
    case .posts: return "\(server.tokenPosts)"
    case .peak: return "\(server.peakTokenPosts)"
    case .sources: return "\(server.sourcesRequests)"
    case .requests:
      return server.requests
        .map { "\($0.method) \($0.target) \($0.authorization ?? "-")" }
        .joined(separator: "\t")
    case .journal: return server.journal.map(Command.line).joined(separator: "\t")
    case .deaf: return Command.outcome { try server.stopListening() }
    case .listen: return Command.outcome { try server.startListening() }
    case .misbehave(let misbehaviour): server.misbehaviour = misbehaviour
    case .forget: server.forgetRequests()
    case .lifetime(let seconds): server.lifetime = seconds
    case .password(let email, let password): server.setPassword(password, for: email)
    case .next(let answer): server.answerNext(answer)
    case .always(let answer): server.defaultAnswer = answer
    case .revoke(let token?): server.revoke(token)
    case .revoke(nil): server.revokeAll()
    case .quit: return Command.farewell
    }
    return "ok"
  }

  private static func line(_ post: TokenPost) -> String {
    let fields: [String?] = [
      "\(post.received)", post.ended.map { "\($0)" }, post.answer.name, post.account,
      post.lifetime.map { "\($0)" }, post.token,
    ]
    return fields.map { $0 ?? "-" }.joined(separator: " ")
  }

  private static func outcome(_ body: () throws -> Void) -> String {
    do {
      try body()
      return "ok"
    } catch {
      return "error: \(error)"
    }
  }
}
