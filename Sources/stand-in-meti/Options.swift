import Glibc
import StandInMETI

/// A command line that cannot be followed.
struct UsageError: Error {
  let message: String
}

/// The command line of `stand-in-meti`.
struct Options {
  var configuration = StandInMETI.Configuration()
  var wantsHelp = false

  static let help = """
    usage: stand-in-meti [OPTION...]

    Serves a METI on loopback. The first line on stdout is "ready URL".

      --certificate FILE         the server's certificate, PEM
      --key FILE                 and its key
      --plain-http               neither: serve http
      --email E-MAIL             an account for POST /token
      --password-file FILE       and its password, the file's first line
      --client-id ID             a client for POST /oauth/token
      --client-secret-file FILE  and its secret, the file's first line
      --lifetime SECONDS         what tokens live; 3600 by default
      --port PORT                any free one by default
      --help                     this text

    Then it takes commands on stdin, one a line, and answers each with one line. It ends
    when stdin does.

      posts                      the number of POSTs for a token
      peak                       the most of them that waited at one time
      sources                    the number of requests to /sources
      requests                   all requests: METHOD TARGET AUTHORIZATION, separated by tabs
      journal                    all POSTs for a token since the start, separated by tabs:
                                 RECEIVED ENDED ANSWER ACCOUNT LIFETIME TOKEN, or - for what
                                 is not there; times in ms on CLOCK_BOOTTIME
      forget                     start counting anew; the journal goes on
      lifetime SECONDS           of the tokens issued from now on
      password E-MAIL PASSWORD   an account's new password
      next ANSWER                to the next POST for a token; several queue up
      always ANSWER              to every POST for a token that none is queued for
      misbehave SEED PERCENT     to so many of a hundred POSTs for a token, any of the answers
                                 below at random, in place of what "always" says
      deaf, listen               close the port, so that connections are refused; open it again
      revoke [TOKEN]             let that token, or every token, be dead
      quit                       end

    ANSWER is one of

      issue                      a token for the right credentials
      status CODE [RETRY-AFTER]  an error
      body JSON                  200 with this text
      delay SECONDS              as issue, but later
      redirect URL               307
      oversized BYTES            a valid answer of that length
      truncated                  less than Content-Length promises
      garbage                    something that is not HTTP
      close                      the connection is closed
      silence                    nothing is ever said
    """

  init(_ arguments: some Sequence<String>) throws(UsageError) {
    var certificate: String?
    var key: String?
    var email: String?
    var password: String?
    var client: String?
    var secret: String?
    var isPlain = false

    var rest = Array(arguments)[...]
    while let option = rest.popFirst() {
      func value() throws(UsageError) -> String {
        guard let value = rest.popFirst() else {
          throw UsageError(message: "\(option) needs a value")
        }
        return value
      }
      switch option {
      case "--certificate": certificate = try value()
      case "--key": key = try value()
      case "--plain-http": isPlain = true
      case "--email": email = try value()
      case "--password-file": password = try Options.firstLine(of: value())
      case "--client-id": client = try value()
      case "--client-secret-file": secret = try Options.firstLine(of: value())
      case "--lifetime": configuration.lifetime = try Options.number(option, value(), 1...(1 << 31))
      case "--port": configuration.port = try Options.number(option, value(), 0...65535)
      case "--help": wantsHelp = true
      default: throw UsageError(message: "unknown option: \(option)")
      }
    }
    if wantsHelp { return }

    if let pair = try Options.pair("--email", email, "--password-file", password) {
      configuration.accounts = [pair.0: pair.1]
    }
    if let pair = try Options.pair("--client-id", client, "--client-secret-file", secret) {
      configuration.clients = [pair.0: pair.1]
    }
    if let pair = try Options.pair("--certificate", certificate, "--key", key) {
      configuration.certificate = .init(chain: pair.0, key: pair.1)
    }
    guard isPlain == (configuration.certificate == nil) else {
      throw UsageError(
        message: "either --certificate and --key, or --plain-http, must be given")
    }
  }

  private static func pair(
    _ firstName: String, _ first: String?, _ secondName: String, _ second: String?
  ) throws(UsageError) -> (String, String)? {
    switch (first, second) {
    case (let first?, let second?): return (first, second)
    case (nil, nil): return nil
    default: throw UsageError(message: "\(firstName) and \(secondName) go together")
    }
  }

  private static func number(
    _ option: String, _ text: String, _ range: ClosedRange<Int>
  ) throws(UsageError) -> Int {
    guard let number = Int(text), range.contains(number) else {
      throw UsageError(message: "\(option): not a number from \(range.lowerBound): \(text)")
    }
    return number
  }

  private static func firstLine(of path: String) throws(UsageError) -> String {
    guard let file = unsafe fopen(path, "re") else {
      throw UsageError(message: "cannot read \(path)")
    }
    defer { unsafe fclose(file) }
    var line: UnsafeMutablePointer<CChar>?
    var capacity = 0
    defer { unsafe free(line) }
    guard unsafe getline(&line, &capacity, file) >= 0, let text = unsafe line else {
      throw UsageError(message: "nothing in \(path)")
    }
    return unsafe String(cString: text).split(separator: "\n").first.map(String.init) ?? ""
  }
}
