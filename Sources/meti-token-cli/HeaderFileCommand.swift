import ArgumentParser
import Glibc
import MetiToken
import System

struct HeaderFileCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "header-file",
    abstract: "Keep a file with the Authorization header, for GDAL and QGIS.",
    usage: "meti-token header-file [--path | --watch] [-a <e-mail>] [<options>]",
    discussion: """
      Writes the line "Authorization: Bearer <token>" to \
      $XDG_RUNTIME_DIR/meti-token/authorization, which is in memory and readable by you alone, \
      and prints its path. There is one such file: another account or API replaces it. Without \
      --watch the file stays until the session ends or you remove it; logout does not remove it.

      With --watch the file is updated until SIGTERM, SIGINT or SIGHUP, and then removed. It stays \
      as long as its token lives, whatever fails.
      """)

  @Flag(exclusivity: .exclusive)
  var mode = Mode.write

  enum Mode: String, EnumerableFlag {
    case write, path, watch

    static func help(for value: Mode) -> ArgumentHelp? {
      switch value {
      case .write: ArgumentHelp("Write the file once.", visibility: .hidden)
      case .path: "Print the file's path and do nothing else."
      case .watch: "Stay, and replace the token before it expires."
      }
    }
  }

  @Option(
    help: ArgumentHelp("How long the token must still be valid.", valueName: "duration"))
  var minValidity: Duration?

  @OptionGroup var account: AccountOption

  @OptionGroup var common: CommonOptions

  func run() throws {
    guard mode != .path else { return try Output.write(try HeaderFile.path() + "\n") }
    var file = try HeaderFile()
    let token = try token(noPrompt: false)
    guard mode == .watch else {
      try file.write(token)
      return try Output.write(file.path + "\n")
    }
    // Before there is a file that has to be removed.
    let signals = SignalWatch([SIGTERM, SIGINT, SIGHUP])
    try file.write(token)
    do {
      try Output.write(file.path + "\n")
      try update(token, in: &file, until: signals)
    } catch {
      file.remove()
      throw error
    }
  }

  /// Every question is a call of its own, with its own time.
  private func call(noPrompt: Bool) throws -> Call {
    try Call(common.settings(account: account.account, noPrompt: noPrompt))
  }

  private func request(_ call: Call) -> TokenRequest {
    TokenRequest(selector: call.selector, minimumValidity: minValidity?.seconds)
  }

  private func token(noPrompt: Bool) throws -> Token {
    let call = try call(noPrompt: noPrompt)
    return try call.token(for: request(call))
  }

  /// Between looks into the kernel cache, where other calls renew and discard tokens, in
  /// milliseconds.
  private static let pause: Int64 = 1_000
  /// Between attempts after a failure, in milliseconds.
  private static let pauseAfterFailure: Int64 = 10_000

  private func update(
    _ first: borrowing Token, in file: inout HeaderFile, until signals: SignalWatch
  ) throws {
    let clock = SystemClock()
    var watched = WatchedToken(first.duplicate())
    var failedAt: Moment?
    while true {
      if let number = signals.wait(milliseconds: Self.pause) {
        file.remove()
        signals.end()
        Process.end(bySignal: number)
      }
      let now = clock.now()
      if let failedAt {
        if watched.token.expiry.isOver(at: now) { file.remove() }
        if now.boot - failedAt.boot < Self.pauseAfterFailure { continue }
      }
      do {
        let call = try call(noPrompt: true)
        guard failedAt != nil || watched.needsCall(call, request(call)) else { continue }
        let token = try call.token(for: request(call))
        if failedAt != nil || !token.secret.equals(watched.token.secret) { try file.write(token) }
        watched = WatchedToken(token)
        failedAt = nil
      } catch {
        let failure = Failure(error)
        // The user has logged out, or chosen another account that is not there.
        if [.noAccount, .usage].contains(failure.status) { throw failure }
        if failedAt == nil { Console.warning("\(failure.message); retrying") }
        failedAt = now
        // A living token stays in the file through any other failure.
        guard watched.token.expiry.isOver(at: now) else { continue }
        file.remove()
        guard [.keyring, .tryAgain].contains(failure.status) else { throw failure }
      }
    }
  }
}

/// The token in the file, and whether it has to be replaced.
private struct WatchedToken: ~Copyable {
  private(set) var token: Token
  private var wasCached = false

  init(_ token: consuming Token) { self.token = token }

  /// Whether the token is due, was discarded or renewed by another call, or is another account's.
  mutating func needsCall(_ call: Call, _ request: TokenRequest) -> Bool {
    let now = call.clock.now()
    let api = call.selector.api
    let name = call.selector.name ?? call.renewal.defaultAccount(at: api)?.name ?? token.account
    guard name.isSameName(as: token.account), let account = try? Account(name: name, api: api)
    else { return true }
    guard let cached = call.cache.find(account, at: now) else {
      // Without a kernel cache the time alone decides.
      return wasCached || request.need(of: token, since: now, at: now) != .none
    }
    wasCached = true
    guard cached.secret.equals(token.secret) else { return true }
    token = cached
    return request.need(of: token, since: now, at: now) != .none
  }
}
