import ArgumentParser
import Glibc
import MetiToken
import Posix

struct HeaderFileCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "header-file",
    abstract: "Keep a file with the Authorization header, for GDAL and QGIS.",
    usage: "meti-token header-file [--path | --watch] [-a <e-mail>] [<options>]",
    discussion: """
      Writes the line "Authorization: Bearer <token>" into \
      $XDG_RUNTIME_DIR/meti-token/authorization, which is in memory and readable by you alone, \
      and prints its path. There is one such file: for another account or API it is replaced. \
      Without --watch it is as good as the token in it, and stays until the session ends or you \
      remove it; logout does not remove it.

      With --watch it is kept fresh until SIGTERM, SIGINT or SIGHUP, and then removed. It is also \
      removed when its token has expired and no other is to be had, and within a minute after \
      a logout.
      """)

  @Flag(help: "Print where the file is, and do nothing else.")
  var path = false

  @Flag(help: "Stay, and replace the token before it expires.")
  var watch = false

  @Option(
    help: ArgumentHelp(
      "How long the token must still be valid (default: 60s).", valueName: "duration"))
  var minValidity: Duration?

  @OptionGroup var account: AccountOption

  @OptionGroup var common: CommonOptions

  func validate() throws {
    if path && watch { throw ValidationError("--path and --watch exclude each other") }
  }

  func run() throws {
    guard !path else { return try Output.write(try HeaderFile.path() + "\n") }
    var file = try HeaderFile()
    let memory = TokenMemory()
    let token = try token(mayAsk: true, memory)
    // Before there is a file that has to be removed.
    let signals = watch ? SignalWatch([SIGTERM, SIGINT, SIGHUP]) : nil
    try file.write(token)
    do {
      try Output.write(file.path + "\n")
      if let signals { try keep(token, in: &file, memory, until: signals) }
    } catch {
      if watch { file.remove() }
      throw error
    }
  }

  private var validity: MinimumValidity { MinimumValidity(asked: minValidity?.seconds) }

  /// Every question is a call of its own, with its own time.
  private func token(mayAsk: Bool, _ memory: TokenMemory) throws(Failure) -> Token {
    let call = try Call(
      common.settings(account: account.account, noPrompt: !mayAsk), memory: memory)
    return try call.token(for: TokenRequest(selector: call.selector, validity: validity))
  }

  /// Also a token with an hour to go is looked after, as another call may have rejected it, logged
  /// out or chosen another account meanwhile; in milliseconds. The kernel tier answers.
  private static let longestPause: Int64 = 60_000
  /// Between attempts while there is trouble, in milliseconds.
  private static let pauseInTrouble: Int64 = 10_000

  private func keep(
    _ first: borrowing Token, in file: inout HeaderFile, _ memory: TokenMemory,
    until signals: SignalWatch
  ) throws(Failure) {
    let clock = SystemClock()
    var written = first.duplicate()
    var isInTrouble = false
    while true {
      let now = clock.now()
      let life = written.expiry.remaining(at: now)
      if isInTrouble && life <= 0 { file.remove() }
      let pause =
        if !isInTrouble {
          pause(before: written, at: now)
        } else {
          life > 0 ? min(life, Self.pauseInTrouble) : Self.pauseInTrouble
        }
      if let number = signals.wait(milliseconds: pause) {
        file.remove()
        signals.end()
        Process.end(bySignal: number)
      }
      do {
        let token = try token(mayAsk: false, memory)
        if isInTrouble || !token.secret.equals(written.secret) { try file.write(token) }
        written = token
        isInTrouble = false
      } catch {
        let isAlive = written.expiry.remaining(at: clock.now()) > 0
        guard error.status.mayPass(whileATokenLives: isAlive) else { throw error }
        if !isInTrouble { Voice.warning("\(error.message); trying again") }
        isInTrouble = true
      }
    }
  }

  /// Until the token has to be replaced.
  private func pause(before token: borrowing Token, at now: Moment) -> Int64 {
    let margin = validity.milliseconds(ofLifetime: token.lifetime)
    return min(max(token.expiry.remaining(at: now) - margin, 100), Self.longestPause)
  }
}

extension ExitStatus {
  /// Whether a failure is waited out. What nobody has to put right may pass; the rest, such as an
  /// answer that makes no sense or a password file that is just being written, is no reason to take
  /// a token away that is still good.
  fileprivate func mayPass(whileATokenLives isAlive: Bool) -> Bool {
    switch self {
    case .keyring, .tryAgain: true
    case .usage, .refused, .noAccount: false
    default: isAlive
    }
  }
}
