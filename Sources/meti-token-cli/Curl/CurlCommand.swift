import ArgumentParser
import Glibc
import MetiToken
import System

struct CurlCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "curl",
    abstract: "Run curl with a valid token; requests go to the API only.",
    usage: "meti-token curl <argument of curl> ...",
    discussion: """
      The URL is a path such as /sources, or a URL on the API's origin. METI_ACCOUNT and \
      METI_API_URL select the account and the API. curl reads the token from a pipe: it is in no \
      argument, file or environment variable, and is not sent after a redirect to another host.

      curl makes one transfer, and braces and brackets in the URL have no meaning. If METI answers \
      401, the token is discarded and a warning says so; the request is not repeated. The proxy and \
      the trusted certificates come from the environment alone: HTTPS_PROXY, NO_PROXY, METI_CA_FILE, \
      SSL_CERT_FILE. ~/.curlrc is not read.

      Allowed options, spelled in full: \(CurlArguments.allowedOptions).

      Exits with curl's status; with 127 if there is no curl; as meti-token does if there is no \
      token.
      """)

  @Argument(parsing: .captureForPassthrough, help: "The arguments of curl(1).")
  var arguments: [String] = []

  func run() throws {
    guard arguments != ["--help"], arguments != ["-h"] else { throw CleanExit.helpRequest(self) }
    // Before GLib or anything else changes it.
    var environment = Environment()
    // With SSLKEYLOGFILE curl would write the keys of its TLS sessions, and so the token, to a file.
    environment.remove(ChildVariable.secrets + [ChildVariable.token, "SSLKEYLOGFILE"])
    let api = try CallEnvironment.api(Settings())
    let checked = try CurlArguments(Process.arguments(last: arguments.count), api: api)
    let call = try Call(Settings())
    let token = try call.token(for: TokenRequest(selector: call.selector))
    let run = try call.uncounted {
      try CurlRun(checked, api, with: token, environment: environment)
    }
    if run.isTokenRejected { discard(token, call) }
    switch run.status {
    case .signal(let number): Process.end(bySignal: number)
    case .exit(let status): _exit(status)
    }
  }

  private func discard(_ token: borrowing Token, _ call: Call) {
    guard token.account != ChildVariable.token else {
      return Console.warning("METI answered 401 to the token in METI_TOKEN")
    }
    do {
      try call.reject { token.secret.equals($0) }
      Console.warning("METI answered 401, and the token was discarded")
      Console.hint("run the command again: it uses a new token")
    } catch {
      Console.warning("METI answered 401, but the token remains: \(Failure(error).message)")
    }
  }
}
