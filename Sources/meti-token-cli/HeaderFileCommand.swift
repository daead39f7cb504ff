import ArgumentParser
import Glibc
import MetiToken
import System

struct HeaderFileCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "header-file",
    abstract: "Keep a file with the Authorization header, for GDAL and QGIS.",
    usage: "meti-token header-file [--path | --watch | --vsicurl <path>] [-a <e-mail>] [<options>]",
    discussion: """
      Writes the line "Authorization: Bearer <token>" to \
      $XDG_RUNTIME_DIR/meti-token/authorization, which is in memory and readable by you alone, \
      and prints its path. There is one such file: another account or API replaces it. Without \
      --watch the file stays until the session ends or you remove it; logout does not remove it.

      With --watch the file is updated until SIGTERM, SIGINT or SIGHUP, and then removed. Whatever \
      fails, the file stays while its token is valid. If the keyring is locked or METI cannot be \
      reached, the program waits.
      """)

  @Flag(exclusivity: .exclusive)
  var mode = Mode.write

  enum Mode: String, EnumerableFlag {
    case write, path, watch

    static func help(for value: Mode) -> ArgumentHelp? {
      switch value {
      case .write: ArgumentHelp("Write the file once.", visibility: .hidden)
      case .path: "Print the file's path and do nothing else."
      case .watch: "Keep running, and replace the token before it expires."
      }
    }
  }

  @Option(
    help: ArgumentHelp(
      "Print the name under which GDAL and QGIS open this path of the API.", valueName: "path"))
  var vsicurl: String?

  @Option(
    help: ArgumentHelp("How long the token must still be valid.", valueName: "duration"))
  var minValidity: Duration?

  @OptionGroup var account: AccountOption

  @OptionGroup var common: CommonOptions

  func validate() throws {
    guard vsicurl == nil || mode == .write else {
      throw ValidationError("--vsicurl goes with neither --path nor --watch")
    }
  }

  func run() throws {
    var file = try HeaderFile()
    guard mode != .path else { return try Output.write(file.path + "\n") }
    if let vsicurl {
      return try Output.write(try name(of: vsicurl, with: file.path) + "\n")
    }
    let call = try call(noPrompt: false)
    guard mode == .watch else { return try publish(call.token(for: request(call)), in: &file) }
    var watched: WatchedToken?
    do {
      watched = WatchedToken(try call.token(for: request(call)), call)
    } catch {
      let failure = Failure(error)
      // At log-in the keyring may be locked and the network down.
      guard canRetry(failure, isAlive: false) else { throw failure }
      Console.warning("\(failure.message); retrying")
    }
    // Before there is a file that has to be removed.
    let signals = SignalWatch([SIGTERM, SIGINT, SIGHUP])
    do {
      try update(watched, in: &file, until: signals)
    } catch {
      file.remove()
      throw error
    }
  }

  /// The name of a resource in GDAL's file system for HTTP, with the options that GDAL 3.5 and later
  /// take in it. They reach no other layer.
  private func name(of path: String, with file: String) throws -> String {
    let api = try CallEnvironment.api(common.settings())
    guard let url = api.url(path) else {
      throw Failure.usage(
        "--vsicurl: this is no URL on \(api.origin), and a token must not be sent elsewhere",
        hint: "give a path such as /sources, percent-encoded, or set METI_API_URL")
    }
    return "/vsicurl?header_file=\(file.percentEncoded)&url=\(url.percentEncoded)"
  }

  /// Writes the token to the file, whose path is printed once.
  private func publish(_ token: borrowing Token, in file: inout HeaderFile) throws {
    let isFirst = !file.isWritten
    try file.write(token)
    if isFirst { try Output.write(file.path + "\n") }
  }

  /// Every question is a call of its own, with its own time.
  private func call(noPrompt: Bool) throws -> Call {
    try Call(common.settings(account: account.account, noPrompt: noPrompt))
  }

  private func request(_ call: Call) -> TokenRequest {
    TokenRequest(selector: call.selector, minimumValidity: minValidity?.seconds)
  }

  /// Whether the watch goes on: for a while without a token only if the failure may pass without a
  /// change of what is stored; with a living one unless the user has logged out or changed accounts.
  private func canRetry(_ failure: Failure, isAlive: Bool) -> Bool {
    [.keyring, .tryAgain].contains(failure.status)
      || isAlive && ![.noAccount, .usage].contains(failure.status)
  }

  /// Between looks into the kernel cache, where other calls renew and discard tokens, in
  /// milliseconds.
  private static let pause: Int64 = 1_000
  /// Between looks into the keyring, and between attempts after a failure, in milliseconds.
  fileprivate static let longPause: Int64 = 10_000

  /// - Parameter first: the token for the file; `nil` after a failure.
  private func update(
    _ first: consuming WatchedToken?, in file: inout HeaderFile, until signals: SignalWatch
  ) throws {
    let clock = SystemClock()
    var watched = first
    var failedAt: Moment?
    switch watched {
    case .some(let watched): try publish(watched.token, in: &file)
    case nil: failedAt = clock.now()
    }
    while true {
      if let number = signals.wait(milliseconds: Self.pause) {
        file.remove()
        signals.end()
        Process.end(bySignal: number)
      }
      let now = clock.now()
      let isAlive = watched?.isAlive(at: now) ?? false
      if let failedAt {
        if !isAlive { file.remove() }
        if now.boot - failedAt.boot < Self.longPause { continue }
      }
      do {
        let call = try call(noPrompt: true)
        guard failedAt != nil || watched?.needsCall(call, request(call)) ?? true else { continue }
        let token = try call.token(for: request(call))
        let isSame = watched?.holds(token) ?? false
        if failedAt != nil || !isSame { try publish(token, in: &file) }
        watched = WatchedToken(token, call)
        failedAt = nil
      } catch {
        let failure = Failure(error)
        guard canRetry(failure, isAlive: isAlive) else { throw failure }
        if failedAt == nil { Console.warning("\(failure.message); retrying") }
        failedAt = now
      }
    }
  }
}

/// The token in the file, and whether it has to be replaced.
private struct WatchedToken: ~Copyable {
  private(set) var token: Token
  private var isCached = false
  private let since: Moment

  init(_ token: consuming Token, _ call: Call) {
    self.token = token
    since = call.clock.now()
    if let cached = cached(call) { isCached = holds(cached) }
  }

  func isAlive(at now: Moment) -> Bool { !token.expiry.isOver(at: now) }

  func holds(_ other: borrowing Token) -> Bool { token.secret.equals(other.secret) }

  private func cached(_ call: Call) -> Token? {
    guard let account = try? Account(name: token.account, api: call.selector.api) else {
      return nil
    }
    return call.cache.find(account, at: call.clock.now())
  }

  /// Whether the token is due, was discarded or renewed by another call, or is another account's.
  mutating func needsCall(_ call: Call, _ request: TokenRequest) -> Bool {
    let now = call.clock.now()
    let name = call.selector.name ?? call.renewal.defaultAccount(at: call.selector.api)?.name
    guard token.account.isSameName(as: name ?? token.account) else { return true }
    if isCached {
      guard let cached = cached(call), holds(cached) else { return true }
      token = cached
    } else if now.boot - since.boot < HeaderFileCommand.longPause {
      // Without a kernel cache the keyring tells, which is asked less often.
      return request.need(of: token, since: now, at: now) >= .due
    } else {
      return true
    }
    return request.need(of: token, since: now, at: now) != .none
  }
}
