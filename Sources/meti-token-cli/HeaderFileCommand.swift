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

  @Flag(help: "Print the file's path and do nothing else.")
  var path = false

  @Flag(help: "Keep running, and replace the token before it expires.")
  var watch = false

  @Option(
    help: ArgumentHelp(
      "Print the name under which GDAL and QGIS open this path of the API.", valueName: "path"))
  var vsicurl: String?

  @Option(
    help: ArgumentHelp("How long the token must still be valid.", valueName: "duration"))
  var minValidity: Duration?

  @OptionGroup var options: AccountOptions

  func validate() throws {
    guard [path, watch, vsicurl != nil].count(where: { $0 }) <= 1 else {
      throw ValidationError("use one of --path, --watch and --vsicurl")
    }
  }

  func run() throws {
    var file = try HeaderFile()
    if path { return try Output.write(file.path + "\n") }
    if let vsicurl { return try Output.write(name(of: vsicurl, with: file.path) + "\n") }
    guard watch else { return try publish(token(), in: &file) }
    do {
      try keep(&file)
    } catch {
      file.remove()
      throw error
    }
  }

  /// The name of a resource in GDAL's file system for HTTP, with the options that GDAL 3.5 and later
  /// take in it. They reach no other layer.
  private func name(of path: String, with file: String) throws -> String {
    let api = try CallEnvironment.api(options.settings())
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
  private func token(noPrompt: Bool = false) throws -> Token {
    let call = try Call(options.settings(noPrompt: noPrompt))
    return try call.token(
      for: TokenRequest(selector: call.selector, minimumValidity: minValidity?.seconds))
  }

  /// Between calls, in milliseconds: others renew and discard the token too.
  private static let pause: Int64 = 5_000
  /// Shortly before the token's end, in milliseconds.
  private static let shortestPause: Int64 = 1_000

  /// Keeps the file up to date until a signal comes.
  private func keep(_ file: inout HeaderFile) throws {
    let clock = SystemClock()
    // Not while the first call prompts, which catches signals itself.
    var signals: SignalWatch?
    /// The token in the file.
    var current: Token?
    var isFailing = false
    while true {
      do {
        let token = try token(noPrompt: signals != nil)
        if signals == nil { signals = SignalWatch(Self.signals) }
        let isSame = current?.secret.equals(token.secret) ?? false
        if !isSame || !file.exists { try publish(token, in: &file) }
        current = consume token
        isFailing = false
      } catch {
        let failure = Failure(error)
        let isAlive = current?.expiry.isOver(at: clock.now()) == false
        // At log-in the keyring may be locked and the network down. A living token stays in the file
        // unless the user has logged out, or chosen another account that is not there.
        guard
          [.keyring, .tryAgain].contains(failure.status)
            || isAlive && ![.noAccount, .usage].contains(failure.status)
        else { throw failure }
        if !isFailing { Console.warning("\(failure.message); retrying") }
        isFailing = true
        if !isAlive {
          file.remove()
          current = nil
        }
      }
      let left = current?.expiry.remaining(at: clock.now()) ?? .max
      if signals == nil { signals = SignalWatch(Self.signals) }
      let pause = max(min(Self.pause, left / 2), Self.shortestPause)
      if let number = signals?.wait(milliseconds: pause) {
        file.remove()
        Process.end(bySignal: number)
      }
    }
  }

  private static let signals = [SIGTERM, SIGINT, SIGHUP]
}
