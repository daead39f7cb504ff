import ArgumentParser
import Glibc
import MetiToken
import Posix

struct CurlCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "curl",
    abstract: "Run curl with a valid token, for the API alone.",
    usage: "meti-token curl <argument of curl> ...",
    discussion: """
      Every argument is curl's. A URL is a path such as /sources, or lies on the API's origin; \
      any other is refused. The account and the API are those of METI_ACCOUNT and METI_API_URL. \
      The token is handed to curl on a pipe: it is in no argument, no file and no environment. \
      After a redirect to another host or port curl does not send it. ~/.curlrc is not read.

      On a 401 exactly that token is forgotten. When it was the first answer, a new token is got \
      and the request is made once more, and of the first attempt nothing is shown. It is not \
      made again when input can be read once only (-d @-, -T -, a pipe), when output \
      cannot be overwritten (-J, --no-clobber, -o to a pipe), with -D, with -Z, and with several \
      URLs unless all are read only. A 401 after a redirect is left as it is. \
      Whatever curl writes is passed on as it comes; nothing is kept back but a first 401.

      Refused are the options that show the token (-v, --trace, --libcurl), send it elsewhere \
      (--location-trusted, --resolve, --connect-to, --unix-socket), leave certificates unchecked \
      (-k, --proxy-insecure), log in otherwise (-u, --netrc, --oauth2-bearer, -H Authorization:), \
      change the protocol (--proto) or cannot be checked (-K, -H @file, -H Host:), and those that \
      are not known. Options must be spelled out: curl's abbreviations are not known. \
      Without --cacert, METI_CA_FILE or SSL_CERT_FILE is used.

      The exit status is curl's own; 127 where there is no curl, and otherwise that of meti-token \
      where there is no token.
      """)

  @Argument(parsing: .captureForPassthrough, help: "The arguments of curl(1).")
  var arguments: [String] = []

  func run() throws {
    guard arguments != ["--help"], arguments != ["-h"] else { throw CleanExit.helpRequest(self) }
    // Before anything that changes it for this process's own sake.
    var environment = Environment()
    environment.remove(ChildVariable.secrets)
    // curl would write the keys of its TLS sessions, and so the token, to that file.
    environment.remove(["SSLKEYLOGFILE"])
    let call = try Call(Settings())
    let api = call.selector.api
    let run = CurlRun(
      arguments: try CurlArguments(Process.arguments(last: arguments.count), api: api), api: api,
      caFile: Call.caFile)

    let request = TokenRequest(selector: call.selector)
    let token = try call.token(for: request)
    let start = call.clock.now()
    let result = try run.run(
      with: token, environment: environment, endsAtRefusal: run.arguments.isRepeatable)
    // The time that curl took is not the call's.
    call.deadline.extend(by: call.clock.now().boot - start.boot)
    switch result {
    case .ended(let ending, let outputFailure, let hasRefusal):
      if hasRefusal { try? reject(token, call) }
      end(ending, outputFailure)
    case .refused:
      try reject(token, call)
      let another = try call.token(for: request)
      let result = try run.run(with: another, environment: environment, endsAtRefusal: false)
      guard case .ended(let ending, let outputFailure, _) = result else {
        throw Failure(.bug, "curl was not let to its end")
      }
      end(ending, outputFailure)
    }
  }

  /// Forgets this very token; one that another program has got meanwhile stays.
  private func reject(_ token: borrowing Token, _ call: Call) throws(Failure) {
    do {
      let account = try Account(name: token.account, api: call.selector.api)
      let refused: Secret? = token.secret.duplicate()
      _ = try call.renewal.reject(account, token: refused, until: call.deadline)
    } catch let error as TokenError {
      throw Failure(error)
    } catch {
      throw Failure(.bug, "the token names no account")
    }
  }

  /// What curl exits with when it cannot write (libcurl-errors(3), CURLE_WRITE_ERROR).
  private static let writeError: Int32 = 23

  private func end(_ ending: Process.Ending, _ outputFailure: SystemError?) -> Never {
    switch ending {
    case .signal(let number): Process.end(bySignal: number)
    case .exit(0):
      // curl had ended before what it wrote last could not be handed on.
      guard let outputFailure else { _exit(0) }
      Voice.error("cannot write to standard output: \(outputFailure.text)")
      _exit(Self.writeError)
    case .exit(let status): _exit(status)
    }
  }
}
